"""A network as a program of another runtime, one file each."""
