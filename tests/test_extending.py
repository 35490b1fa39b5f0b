"""docs/extending.md: what it shows runs, and does what it says."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from places import ROOT

from dicetalk.backbone import KINDS, Conditions, find_backbone, named
from dicetalk.emotion.road import EmotionTrack
from dicetalk.emotion.timeline import Timeline
from dicetalk.face import Face
from dicetalk.media import Picture, Waveform
from dicetalk.sources.scheme import SCHEMES, source_of
from dicetalk.speech import Hearing

PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")


def example(word: str) -> dict[str, Any]:
    """What the example about a class defines."""
    blocks = [b for b in re.findall(r"^```py\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if f"class {word}" in b]
    names: dict[str, Any] = {}
    exec(compile(blocks[0], "docs/extending.md", "exec"), names)
    return names


def test_the_backbone_draws(hopper_picture: Picture, face: Face, voice: Waveform) -> None:
    backbone = example("FadeBackbone")["load_fade"](None)
    hearing = Hearing(voice[:16_000])
    weights = np.tile(np.eye(8, dtype=np.float32)[0], (len(hearing), 1))
    given = Conditions(hopper_picture[::8, ::8], face, hearing, EmotionTrack(weights), 0)
    frames = np.concatenate(list(backbone.generate(given)))
    assert frames.shape == (25, *given.portrait.shape) and frames.dtype == np.uint8
    assert frames.mean(axis=(1, 2, 3)).std() > 1  # it fades with the voice


def test_its_row_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    row = re.search(r'`"fade": (Kind\(.*?\))`', PAGE)
    assert row
    monkeypatch.setitem(KINDS, "fade", eval(row[1], {"Kind": type(KINDS["rules"])}))
    assert (
        find_backbone("fade").folder is None and find_backbone("fade").kind.loads == "dicetalk.fade.backbone:load_fade"
    )
    assert callable(named("dicetalk.emotion.road:priors")) and callable(named("dicetalk.emotion.road:tokens"))


def test_the_source_feels(voice: Waveform, monkeypatch: pytest.MonkeyPatch) -> None:
    source = example("Loud")["Loud"]()
    monkeypatch.setitem(SCHEMES, "loud", lambda rest: source)
    timeline = source_of("loud").feel(Hearing(voice))
    assert isinstance(timeline, Timeline) and [time for time, _ in timeline.keys] == [float(s) for s in range(9)]
    assert max(feeling.strengths.get("happy", 0.0) for _, feeling in timeline.keys) > 0.5
    assert len(source.feel(Hearing(voice[:8000])).keys) == 1
