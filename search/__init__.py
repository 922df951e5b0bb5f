"""Spaces, the evaluation of one candidate, the study and the search loop."""
