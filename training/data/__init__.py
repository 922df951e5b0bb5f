"""The patches that a network is trained on."""
