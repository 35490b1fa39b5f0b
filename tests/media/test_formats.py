"""Formats by suffix, and one scale of quality for all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicetalk.errors import InputError
from dicetalk.media.formats import CLEAR, OPAQUE, QUALITIES, USUAL_QUALITY, Quality, format_of, keeps_alpha, quality_of


@pytest.mark.parametrize(
    ("asked", "found"), [("low", 40), (" High", 80), ("medium", 60), (0, 0), (100.0, 100), ("55", 55), ("7.5", 7.5)]
)
def test_a_word_or_a_number(asked: Quality, found: float) -> None:
    assert quality_of(asked) == found


@pytest.mark.parametrize("asked", ["best", "", "-1", 101, -0.1, float("nan"), "nan", "inf", True, None, [80]])
def test_what_is_no_quality(asked: Quality) -> None:
    with pytest.raises(InputError, match="use low, medium, high, or a number from 0 to 100"):
        quality_of(asked)


def test_better_is_never_coarser() -> None:
    for form in (*OPAQUE.values(), *CLEAR.values()):
        name, _ = form.unit
        coarse = [float(form.encoding(quality)[name]) for quality in (0, *sorted(QUALITIES.values()), 100)]
        assert coarse == sorted(coarse, reverse=True) and len(set(coarse)) == len(coarse)
    assert OPAQUE[".mp4"].encoding(USUAL_QUALITY)["crf"] == "18"  # which cannot be told from the input by eye


def test_what_keeps_what_is_transparent() -> None:
    kept = {name: keeps_alpha(Path(name)) for name in ("a.mp4", "a.m4v", "a.MOV", "a.webm", "f_%03d.png")}
    assert kept == {"a.mp4": False, "a.m4v": False, "a.MOV": True, "a.webm": True, "f_%03d.png": True}
    assert (
        format_of(Path("a.mov"), True).encoder == "prores_ks" and format_of(Path("a.mov"), False).encoder == "libx264"
    )
    assert format_of(Path("a.webm"), True).has_alpha and not format_of(Path("a.mp4"), True).has_alpha
