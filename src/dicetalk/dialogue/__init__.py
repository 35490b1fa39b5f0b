"""A written dialogue -> who feels what in each line, and a film of it."""
