"""A voice: what its sound is described by, and how strongly it tells each emotion."""
