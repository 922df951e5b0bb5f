"""The networks of a run beside what precisions, pruning and distillation make of them."""
