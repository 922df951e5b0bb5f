"""Measuring on another machine, which has Python, NumPy and a runtime, but not this package."""
