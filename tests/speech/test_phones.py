"""Phones cover the clip, and none lies in a pause."""

from __future__ import annotations

import numpy as np
from speech_like import assert_tiled, real

from dicetalk.speech import SILENCE, listen


def test_phones_of_real_speech() -> None:
    speech = listen(real("RD_Radio31_000.wav"))
    labels = {phone.label for phone in speech.phones}
    assert_tiled(speech)
    assert len(labels) > 20
    assert all(label.isalpha() and label.isupper() for label in labels)
    assert 6 < len(speech.phones) / 8 < 16
    lengths = [phone.end - phone.start for phone in speech.phones if phone.label != SILENCE]
    assert min(lengths) >= 0.02
    assert np.percentile(lengths, 95) < 0.3


def test_no_phone_within_a_pause() -> None:
    speech = listen(real("acknowledgement_english.m4a"))
    for phone in speech.phones:
        inside = (speech.times > phone.start + 0.04) & (speech.times < phone.end - 0.04)
        if phone.label != SILENCE:
            assert not speech.silence[inside].any()
