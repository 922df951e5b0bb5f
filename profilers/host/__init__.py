"""This side of a measurement: worker processes and ssh."""
