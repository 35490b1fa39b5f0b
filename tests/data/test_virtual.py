"""Virtual people: every sound in every emotion; the voice tells nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy.io import wavfile

from dicetalk.data.dataset import load_recordings
from dicetalk.data.prepare import prepare
from dicetalk.data.samples import Preparation
from dicetalk.data.virtual import read_virtual
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import InputError
from dicetalk.media import Waveform


def test_a_sound_becomes_fifteen_clips(voice: Waveform, tmp_path: Path) -> None:
    (tmp_path / "sounds" / "en").mkdir(parents=True)
    wavfile.write(tmp_path / "sounds" / "en" / "one.wav", 16000, voice[:16000])
    corpus = read_virtual(tmp_path / "sounds")
    assert [(clip.emotion, clip.strength) for clip in corpus.clips] == [
        ("neutral", 1.0),
        *((name, strength) for name in NAMES[1:] for strength in (0.6, 1.0)),
    ]
    assert {clip.identity for clip in corpus.clips} == {"virtual_en_one"}
    report = prepare(corpus, tmp_path / "out", Preparation(faces=2, voices=1))
    assert report.clips == 15 and not report.dropped
    recordings = load_recordings(tmp_path / "out")
    assert len(recordings) == 15 and not recordings.heard.any() and not recordings.speech.any()
    assert recordings.speech.shape[1] == 2 and recordings.motion.shape[1] == 2 and recordings.motion.any()


def test_a_folder_without_sounds(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no sound; looked for \.wav"):
        read_virtual(tmp_path)
    with pytest.raises(InputError, match="no folder"):
        read_virtual(tmp_path / "absent")
