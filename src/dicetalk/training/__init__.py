"""Training: the loop, the stages and their recipes."""
