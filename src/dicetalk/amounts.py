"""How much a person does besides speaking and feeling: head, lids, eyes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dicetalk.checks import brief, is_number
from dicetalk.errors import InputError, about

GAZES = ("free", "camera")
"""Where eyes may look."""


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """How much a person does besides speaking and feeling.

    Attributes:
        head: how far the head moves, and brows that stress what is said: 0 (held as in the portrait) to 1 (as usual).
        blink: how many of the usual blinks there are, 0 to 1.
        gaze: "free", with glances beside the camera, or "camera", never off it.
    """

    head: float = 1.0
    blink: float = 1.0
    gaze: Literal["free", "camera"] = "free"


AS_USUAL = Amounts()


def amounts_of(head: float, blink: float, gaze: str | None) -> Amounts:
    """What was asked for, checked; where nothing is said, the eyes of a head that is held still do not wander.

    Raises:
        InputError: one is out of range.
    """
    for name, share in (("head", head), ("blink", blink)):
        with about(name):
            if not is_number(share) or not 0 <= share <= 1:
                raise InputError(f"{name} is {brief(share)}; use a number from 0 (none) to 1 (as usual)")
    with about("gaze"):
        if gaze is not None and not (isinstance(gaze, str) and gaze in GAZES):
            raise InputError(f"gaze is {brief(gaze)}; use {' or '.join(GAZES)}")
    on_camera = gaze == "camera" or (gaze is None and head == 0)
    return Amounts(head=head, blink=blink, gaze="camera" if on_camera else "free")
