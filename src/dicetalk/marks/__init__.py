"""Marks of origin: what says of a finished file that it was generated, from what, and that it is unchanged since."""
