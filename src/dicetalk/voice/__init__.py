"""A voice: what its sound is described by, how strongly it tells each emotion, and how it is moved towards one."""
