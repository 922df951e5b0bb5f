"""One file for each family: how its networks are laid out, and what smaller ones there are."""
