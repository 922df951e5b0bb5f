"""One candidate: what is known of it, what it must keep, how it is evaluated."""
