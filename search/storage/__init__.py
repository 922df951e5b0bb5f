"""A run on disk: its directory, its journal, Optuna's study."""
