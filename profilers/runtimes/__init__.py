"""One file per runtime, and the registry."""
