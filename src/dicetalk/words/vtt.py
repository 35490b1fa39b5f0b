"""Words with their times as WebVTT, a cue each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from dicetalk.files import whole

SHORTEST = 0.001
"""Of a cue [s]: its end must be behind its start."""
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def write_vtt(path: Path, words: Sequence[str], times: Iterable[tuple[float, float]]) -> None:
    """Write words and when each is said, (start, end) [s].

    Raises:
        MediaError: the file cannot be written.
    """
    cues = [
        f"{_stamp(start)} --> {_stamp(max(end, start + SHORTEST))}\n{word.translate(_ESCAPED)}\n"
        for word, (start, end) in zip(words, times, strict=True)
    ]
    with whole(path) as hidden:
        hidden.write_text("\n".join(["WEBVTT\n", *cues]), encoding="utf-8")


def _stamp(seconds: float) -> str:
    minutes, rest = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
