"""In what colour each emotion is drawn, on the wheel and in the course of a talk alike."""

from __future__ import annotations

COLOURS = {
    "neutral": "#6b6b6b",
    "angry": "#b3261e",
    "contempt": "#8a5a83",
    "disgusted": "#4f7a28",
    "fear": "#5b3f99",
    "happy": "#c98a00",
    "sad": "#1f5fa8",
    "surprised": "#d2601a",
}
