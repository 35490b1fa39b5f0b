"""Reading: what a video shows: emotion window by window, from face and voice, and what is told of it."""
