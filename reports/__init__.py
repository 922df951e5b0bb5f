"""Records, Pareto mathematics, tables, figures and published numbers. Never loads torch."""
