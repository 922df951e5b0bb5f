"""Requests and answers between processes, and the two ends of the pipe that carries them."""
