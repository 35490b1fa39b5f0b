"""Emotion: names, mixtures with strength, timelines."""
