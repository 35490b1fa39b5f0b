"""Figures that others have printed of MEAD's test speakers, to stand beside what is measured here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SOURCE = (
    "Xemo-Talker (2026), its table of MEAD's four test speakers: a competitor's paper, with a judge tuned on MEAD, "
    "and crops, rates and codecs that differ from those here. Read it as an order, not as a scale."
)


@dataclass(frozen=True)
class Published:
    """A line of a paper's table.

    Attributes:
        system: what was measured.
        figures: by our keys; `emotion` as a share.
    """

    system: str
    figures: Mapping[str, float]


def _line(system: str, lse_c: float, lse_d: float, fid: float, identity: float, percent: float) -> Published:
    told = {"lse_c": lse_c, "lse_d": lse_d, "fid": fid, "identity": identity, "emotion": percent / 100}
    return Published(system, told)


PUBLISHED = (
    _line("real video", 8.04, 7.52, 0.0, 1.0, 85.38),
    _line("EAT", 7.29, 8.35, 45.8, 0.68, 75.43),
    _line("EDTalk", 6.75, 8.30, 73.0, 0.62, 81.02),
    _line("DICE-Talk (release)", 6.61, 8.76, 74.9, 0.63, 42.03),
    _line("EmoCAST", 7.08, 8.37, 43.4, 0.59, 84.26),
    _line("Xemo-Talker", 6.37, 8.21, 69.7, 0.68, 85.28),
)
