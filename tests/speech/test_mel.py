"""A tone lies in its mel band."""

from __future__ import annotations

import numpy as np
from speech_like import tone

from dicetalk.speech import listen


def test_mel_band_of_a_tone() -> None:
    rows = listen(tone(1000, 0.5, 32767)).log_mel[3:-3]
    lowest, highest = (float(2595 * np.log10(1 + hertz / 700)) for hertz in (50, 7600))
    mel = np.linspace(lowest, highest, 82)[1:-1]
    nearest = np.abs(700 * (10 ** (mel / 2595) - 1) - 1000).argmin()
    assert (np.abs(rows.argmax(axis=1) - nearest) <= 1).all()
    assert rows.min() >= np.log(1e-10) - 1e-4
