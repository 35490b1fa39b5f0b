"""What was asked for is felt, whatever is said."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from dicetalk.emotion.feeling import mix
from dicetalk.emotion.timeline import Timeline
from dicetalk.sources.typed import Typed
from dicetalk.speech import Hearing


def test_it_feels_what_was_asked_for_and_does_not_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    listening = import_module("dicetalk.speech.listen")
    monkeypatch.setattr(listening, "listen_blocks", lambda *_: pytest.fail("it listened"))
    asked = Timeline([(0.0, mix(happy=0.5)), (1.0, "sad")])
    assert Typed(asked).feel(Hearing(np.zeros(16_000, np.int16))) is asked
    assert all(feeling.confidence == 1 and feeling.why == "" for _, feeling in asked.keys)
