"""Files that went wrong once, each with what is right; they lie beside the repository, their kinds have own tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dicetalk.errors import MediaError
from dicetalk.media import read_picture, read_sound
from dicetalk.media.picture import read_photo

SOUNDS = {
    "B01-neutral-tts.flac": (4.6, ""),
    "B04-inverted-stereo.flac": (3.0, "has channels that cancel each other; going on with channel 1 alone"),
    "B05-dtx-gap.webm": (11.4, ""),
    "B10-speaker-in-corner.mp4": (2.0, ""),
    "truncated.mp3": (0.94, "is damaged: 1.06 s of 2.00 s are missing; going on with what can be read"),
}
PICTURES = {
    "B06-phone.heic": ((480, 480), ""),
    "B07-50-megapixels.jpg": ((8160, 6144), ""),
    "B08-last-bytes-missing.jpg": ((480, 480), "lacks its last bytes; going on with what is there"),
    "romm_palette.png": ((366, 400), ""),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_sounds(bugs: Path, name: str) -> None:
    seconds, warning = SOUNDS[name]
    sound = read_sound(bugs / name)
    assert sound.seconds == pytest.approx(seconds, abs=0.05)
    assert [line.removeprefix(f"{bugs / name} ") for line in sound.warnings] == ([warning] if warning else [])


def test_a_pause_in_a_call_is_kept(bugs: Path) -> None:
    loud = np.abs(read_sound(bugs / "B05-dtx-gap.webm").waveform.astype(int)) > 100
    assert np.diff(np.flatnonzero(loud)).max() / 16000 > 2


def test_samples_that_are_no_sound(bugs: Path) -> None:
    with pytest.raises(MediaError, match=r"hugefloat\.wav has samples of 7e.37 times full scale, which are no sound"):
        read_sound(bugs / "hugefloat.wav")


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(bugs: Path, name: str) -> None:
    shape, warning = PICTURES[name]
    photo = read_photo(bugs / name)
    assert photo.picture.shape == (*shape, 3)
    assert [line.removeprefix(f"{bugs / name} ") for line in photo.warnings] == ([warning] if warning else [])


def test_a_wide_gamut_palette_is_not_pale(bugs: Path) -> None:
    coloured = read_picture(bugs / "romm_palette.png").reshape(-1, 3)
    assert np.ptp(coloured, axis=1).mean() > 30  # the bare numbers spread by less
