"""One file per published system, and the registry."""
