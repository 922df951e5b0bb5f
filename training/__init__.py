"""Images, degradation, metrics, recipes and the training loop."""
