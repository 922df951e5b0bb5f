"""The runtimes that need no PyTorch: one file each, and the table of them."""
