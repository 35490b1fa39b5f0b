"""What comes with the package for `dicetalk demo` and `dicetalk doctor`: a portrait, speech, emotions."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from dicetalk.errors import MediaError

FOLDER = Path(__file__).parent


def portrait() -> Path:
    """Grace Hopper's photograph, from matplotlib's sample data.

    Raises:
        MediaError: matplotlib is here without it, as some systems package it.
    """
    # Not matplotlib.get_data_path(): importing matplotlib writes into the user's home.
    spec = find_spec("matplotlib")
    folders = (spec.submodule_search_locations if spec else None) or []
    for folder in folders:
        path = Path(folder) / "mpl-data" / "sample_data" / "grace_hopper.jpg"
        if path.is_file():
            return path
    raise MediaError("matplotlib's sample picture is not installed; run: pip install --force-reinstall matplotlib")


def speech() -> Path:
    """Synthetic speech, 9.3 s."""
    return FOLDER / "demo.flac"


def timeline() -> Path:
    """A timeline of several emotions for it."""
    return FOLDER / "demo.json"
