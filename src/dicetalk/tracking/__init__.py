"""Facial motion read off video."""
