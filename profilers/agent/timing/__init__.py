"""Timing calls: in turn in one process or in slices of two, and how far a ratio is believed."""
