"""A recording of speech for the tests of media."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from recordings import (
    chirp,
    write_wav,
)

from dicetalk.rates import SPEECH_RATE


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "speech.wav", (chirp(SPEECH_RATE) * 32767).astype(np.int16))
