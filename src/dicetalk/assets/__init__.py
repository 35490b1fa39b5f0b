"""What comes with the package for `dicetalk demo` and `dicetalk doctor`: a portrait, speech, emotions."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def portrait() -> Path:
    """A photograph of a woman, CC0."""
    return FOLDER / "demo.jpg"


def speech() -> Path:
    """Synthetic speech, 9.3 s."""
    return FOLDER / "demo.flac"


def timeline() -> Path:
    """A timeline of several emotions for it."""
    return FOLDER / "demo.json"
