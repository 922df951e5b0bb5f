"""What a network is: configs, modules, the catalogue, checkpoints."""
