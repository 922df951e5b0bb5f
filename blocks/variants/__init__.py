"""Other ways to compute the same images, one file each, and the registry."""
