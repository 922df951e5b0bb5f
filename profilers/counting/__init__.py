"""What a network costs by arithmetic: MACs, parameters, activations."""
