"""DiceTalk: a portrait, a recording of speech and an emotion in; a video of that person speaking out."""
