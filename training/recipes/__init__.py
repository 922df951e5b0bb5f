"""What a recipe says about a training, and the published ones by name."""
