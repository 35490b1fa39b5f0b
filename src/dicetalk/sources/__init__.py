"""Where an emotion comes from, by scheme: typed, or heard and seen in a recording."""
