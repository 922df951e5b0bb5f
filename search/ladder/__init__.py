"""A search that trains its candidates rung by rung, and decides after each what to do next."""
