"""docs/extending.md: what it shows runs, and does what it says. The contract's test runs over its backbone too."""

from __future__ import annotations

import re

import numpy as np
import pytest
from extending_page import PAGE, example, load_fade

from dicetalk.backbone import KINDS, Conditions, find_backbone, named
from dicetalk.emotion.road import EmotionTrack
from dicetalk.emotion.timeline import Timeline
from dicetalk.face import Face
from dicetalk.media import Picture, Waveform
from dicetalk.sources.scheme import SCHEMES, source_of
from dicetalk.speech import Hearing


def test_the_backbone_fades(hopper_picture: Picture, face: Face, voice: Waveform) -> None:
    backbone = load_fade(None)
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
