"""What a network costs: MACs, parameters, memory, latency."""
