"""Networks side by side as papers show them: runs, checkpoints and published models."""
