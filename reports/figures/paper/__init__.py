"""Figures at the size at which they are printed."""
