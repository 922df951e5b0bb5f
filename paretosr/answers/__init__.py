"""From results to answers: the services behind pick, finalize, plot, table and compare-runs."""
