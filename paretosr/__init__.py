"""The front door: command line and nothing else."""
