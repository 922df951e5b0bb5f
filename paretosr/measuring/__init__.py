"""What networks cost: the services behind profile, compare, sweep, stress, targets, calibrate."""
