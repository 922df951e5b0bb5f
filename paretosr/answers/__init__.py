"""What a run answers: the network that it recommends, and that network made ready for use."""
