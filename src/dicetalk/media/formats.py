"""What a kind of video file holds, by its suffix, and how good the pictures in it are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dicetalk.errors import InputError

AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)  # [Hz]
OPUS_RATES = (48000,)

QUALITIES = {"low": 40, "medium": 60, "high": 80}
"""Words for some places of the scale from 0 to 100."""
USUAL_QUALITY = QUALITIES["high"]
"""Cannot be told from the input by eye."""

Quality = int | float | str


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How sound is stored.

    Attributes:
        encoder: FFmpeg's name.
        samples: the kind of samples that it takes.
        rates: those it knows, rising [Hz].
    """

    encoder: str
    samples: str
    rates: tuple[int, ...]


AAC = Voice(encoder="aac", samples="fltp", rates=AAC_RATES)
OPUS = Voice(encoder="libopus", samples="flt", rates=OPUS_RATES)


@dataclass(frozen=True, kw_only=True)
class Format:
    """How pictures and sound are stored.

    Attributes:
        container: FFmpeg's name of the file format.
        encoder: of the pictures.
        pixels: FFmpeg's name of how they are stored.
        coarseness: the encoder's own measure at quality 0 and 100.
        unit: what that measure is multiplied by, and its name.
        options: further ones of the encoder.
        sound: how sound is stored.
    """

    container: str
    encoder: str
    pixels: str
    coarseness: tuple[float, float]
    unit: tuple[str, int] = ("crf", 1)
    options: Mapping[str, str] = field(default_factory=dict)
    sound: Voice = AAC

    @property
    def has_alpha(self) -> bool:
        """Whether it keeps what is transparent."""
        return self.pixels.startswith("yuva")

    def encoding(self, quality: float) -> dict[str, str]:
        """The encoder's options for a quality of 0 to 100."""
        worst, best = self.coarseness
        name, factor = self.unit
        return {**self.options, name: str(round((worst + (best - worst) * quality / 100) * factor))}


# 2 ms a frame of 512 x 512 on two cores.
MP4 = Format(container="mp4", encoder="libx264", pixels="yuv420p", coarseness=(38, 13), options={"preset": "veryfast"})
MOV = Format(container="mov", encoder="libx264", pixels="yuv420p", coarseness=(38, 13), options={"preset": "veryfast"})
VP9 = {"b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"}
WEBM = Format(container="webm", encoder="libvpx-vp9", pixels="yuv420p", coarseness=(55, 15), options=VP9, sound=OPUS)
CLEAR_WEBM = Format(
    container="webm", encoder="libvpx-vp9", pixels="yuva420p", coarseness=(55, 15),
    options={**VP9, "auto-alt-ref": "0"}, sound=OPUS,
)  # fmt: skip
PRORES = Format(
    container="mov", encoder="prores_ks", pixels="yuva444p10le", coarseness=(22, 2), unit=("global_quality", 118),
    options={"profile": "4444", "vendor": "apl0", "flags": "+qscale"},
)  # fmt: skip

OPAQUE = {".mp4": MP4, ".m4v": MP4, ".mov": MOV, ".webm": WEBM}
CLEAR = {".mov": PRORES, ".webm": CLEAR_WEBM}
"""Formats by suffix; the clear ones keep what is transparent."""

WRITTEN = {suffix: form.container for suffix, form in OPAQUE.items()}
"""FFmpeg's names by suffix."""


def format_of(path: Path, alpha: bool) -> Format:
    """How the video of a path is stored; its suffix is one of `WRITTEN`. Without alpha where none can be kept."""
    suffix = path.suffix.lower()
    return CLEAR.get(suffix, OPAQUE[suffix]) if alpha else OPAQUE[suffix]


def keeps_alpha(path: Path) -> bool:
    """Whether a file of this name can keep what is transparent."""
    return path.suffix.lower() in (*CLEAR, ".png")


def quality_of(quality: Quality) -> float:
    """A place on the scale of 0 (small files) to 100 (large ones).

    Raises:
        InputError: neither a number of that scale nor one of `QUALITIES`.
    """
    text = quality.strip().lower() if isinstance(quality, str) else quality
    try:
        found = float(QUALITIES.get(text, text)) if isinstance(text, str) else float(text)
    except (TypeError, ValueError, OverflowError):
        found = -1.0
    if isinstance(quality, bool) or not 0 <= found <= 100:
        raise InputError(f"the quality is {str(quality)[:20]!r}; use {', '.join(QUALITIES)}, or a number from 0 to 100")
    return found
