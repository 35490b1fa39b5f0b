"""The portrait rig and its renderer: a picture, deformed by facial motion."""
