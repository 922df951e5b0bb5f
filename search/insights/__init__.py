"""What a search finds out about its networks when it ends, for the page of the run."""
