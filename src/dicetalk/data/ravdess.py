"""RAVDESS (Livingstone & Russo, PLoS ONE 13(5), 2018): 24 actors, two sentences, eight emotions, two intensities.

`Actor_12/03-01-06-01-02-01-12.wav`: modality, vocal channel, emotion, intensity, statement, repetition, actor. Calm is
folded into neutral; there is no contempt.
"""

from __future__ import annotations

from pathlib import Path

from dicetalk.data.clip import Clip, Corpus, collect

EMOTIONS = {
    "01": "neutral",
    "02": "neutral",  # calm
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fear",
    "07": "disgusted",
    "08": "surprised",
}
STRENGTHS = {"01": 0.6, "02": 1.0}
HELD_OUT = frozenset({"ravdess_17", "ravdess_18", "ravdess_19", "ravdess_20"})
"""Our validation identities: never trained on."""

LAYOUT = "Actor_12/03-01-06-01-02-01-12.wav (or .ogg, .flac, .mp4)"

_SOUNDS = (".wav", ".ogg", ".opus", ".flac", ".mp3")
_VIDEOS = (".mp4", ".avi")
_VALUES = (
    ("modality", {"01", "02", "03"}),
    ("vocal channel", {"01", "02"}),
    ("emotion", set(EMOTIONS)),
    ("intensity", set(STRENGTHS)),
    ("statement", {"01", "02"}),
    ("repetition", {"01", "02"}),
    ("actor", {f"{n:02d}" for n in range(1, 25)}),
)


def read_ravdess(folder: Path) -> Corpus:
    """Speech of RAVDESS, in any depth of folders; songs and videos without sound are left out.

    Raises:
        InputError: no such folder, or no RAVDESS file in it.
    """
    return collect(folder, _SOUNDS + _VIDEOS, _clip, LAYOUT)


def _clip(file: Path) -> Clip | None:
    parts = file.stem.split("-")
    if len(parts) != len(_VALUES):
        raise ValueError(f"the name has {len(parts)} numbers with - between; expected {len(_VALUES)}")
    for part, (what, known) in zip(parts, _VALUES, strict=True):
        if part not in known:
            raise ValueError(f"{what} {part!r} is not one of {', '.join(sorted(known))}")
    modality, channel, emotion, intensity, statement, _, actor = parts
    if channel == "02" or modality == "02":
        return None
    return Clip(
        name="-".join(parts),
        corpus="ravdess",
        identity=f"ravdess_{actor}",
        sound=file,
        video=file if modality == "01" and file.suffix.lower() in _VIDEOS else None,
        emotion=EMOTIONS[emotion],
        strength=STRENGTHS[intensity],
        sentence=statement,
    )
