"""Services around smaller and quantised networks, and around the programs of targets."""
