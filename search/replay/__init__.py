"""Searches replayed on a table of trainings, in seconds instead of days."""
