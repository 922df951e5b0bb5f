"""Use of a trained network: images and folders, tiles, written programs."""
