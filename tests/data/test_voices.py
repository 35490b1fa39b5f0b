"""Other voices: the same words at the same times, by another speaker, in another place, through another channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from scipy.io import wavfile
from scipy.ndimage import gaussian_filter1d
from scipy.signal import correlate

from dicetalk.data.augment import Augmentation, Misreading
from dicetalk.data.clip import Clip, Corpus
from dicetalk.data.dataset import draw, load_recordings, whole
from dicetalk.data.prepare import prepare
from dicetalk.data.samples import Preparation
from dicetalk.data.voices import Voices, another_voice, spoken_by
from dicetalk.errors import InputError, MediaError
from dicetalk.media import Waveform
from dicetalk.media.codec import MP3, OPUS, TELEPHONE, Codec, through_codec
from dicetalk.rates import SPEECH_RATE
from dicetalk.speech import Speech, listen, listen_like

EVERYTHING = Voices(speaker=1, room=1, colour=1, noise=1, level=1, codec=1)
CODECS = [(OPUS, 8000), (OPUS, 24000), (MP3, 16000), (MP3, 32000), (TELEPHONE, None)]
STILL = Augmentation(rate=0, offset=0, jitter=0, mask=0)


@pytest.fixture(scope="module")
def clip(voice: Waveform) -> Waveform:
    """3.5 s, not a whole number of frames."""
    return voice[:56100]


@pytest.fixture(scope="module")
def heard(clip: Waveform) -> Speech:
    return listen(clip)


def corpus(folder: Path, voice: Waveform) -> Corpus:
    """Two clips of 1 s and 1.2 s, one of them neutral."""
    clips = []
    for number, emotion in enumerate(("neutral", "happy")):
        file = folder / f"{emotion}.wav"
        wavfile.write(file, SPEECH_RATE, voice[16000 : 32000 + 3200 * number])
        clips.append(Clip(name=emotion, corpus="folder", identity=f"person{number}", sound=file, emotion=emotion))
    return Corpus(tuple(clips), ())


@pytest.mark.parametrize("length", [3200, 16001, 56100])
def test_length_and_chance(clip: Waveform, length: int) -> None:
    some = clip[-length:]
    one, again, other = (another_voice(some, np.random.default_rng(seed), EVERYTHING) for seed in (0, 0, 1))
    assert one.shape == other.shape == some.shape and one.dtype == np.int16
    assert np.array_equal(one, again) and not np.array_equal(one, other) and not np.array_equal(one, some)


def test_nothing_asked_changes_nothing(clip: Waveform) -> None:
    nothing = Voices(speaker=0, room=0, colour=0, noise=0, level=0, codec=0)
    assert np.array_equal(another_voice(clip, np.random.default_rng(0), nothing), clip)
    assert np.array_equal(spoken_by(clip.astype(float), 1, 1), clip)


@pytest.mark.parametrize("seed", range(6))
def test_silence_stays_silent(seed: int) -> None:
    assert np.abs(another_voice(np.zeros(8000, np.int16), np.random.default_rng(seed), EVERYTHING)).max() <= 32


def test_loud_sound_is_cut_not_wrapped() -> None:
    square = np.where(np.arange(16000) % 160 < 80, 32767, -32768).astype(np.int16)
    louder = another_voice(square, np.random.default_rng(4), Voices(speaker=0, room=0, noise=0, level=1, codec=0))
    assert (np.sign(louder.astype(int)) == np.sign(square.astype(int))).all()


@pytest.mark.parametrize("semitones", [-4, -1.5, 2, 4])
@pytest.mark.parametrize("throat", [0.9, 1.1])
def test_pitch_moves_as_asked(clip: Waveform, heard: Speech, semitones: float, throat: float) -> None:
    moved = spoken_by(clip.astype(float), 2 ** (semitones / 12), throat)
    assert moved.shape == clip.shape
    found = listen_like(moved.astype(np.int16), heard)
    both = (found.pitch > 0) & (heard.pitch > 0)
    assert both.sum() > 0.8 * (heard.pitch > 0).sum()
    assert 12 * np.median(np.log2(found.pitch[both] / heard.pitch[both])) == pytest.approx(semitones, abs=0.5)


def formant_shift(one: Speech, other: Speech) -> int:
    """By how many mel bands the smooth voiced spectrum of `other` lies higher, -5 to 5.

    Looked at from 1 to 5 kHz, where an octave has about 17 bands.
    """
    voiced = (one.pitch > 0) & (other.pitch > 0)
    first, second = (np.diff(gaussian_filter1d(s.log_mel[voiced].astype(float), 2.5), axis=1) for s in (one, other))
    likeness = [np.corrcoef(first[:, 28:66].ravel(), second[:, 28 + n : 66 + n].ravel())[0, 1] for n in range(-5, 6)]
    return int(np.argmax(likeness)) - 5


@pytest.mark.parametrize("semitones", [-3, 0, 3])
@pytest.mark.parametrize(("throat", "bands"), [(0.89, -3), (1.0, 0), (1.12, 3)])
def test_formants_move_apart_from_pitch(
    clip: Waveform, heard: Speech, semitones: float, throat: float, bands: int
) -> None:
    moved = spoken_by(clip.astype(float), 2 ** (semitones / 12), throat)
    assert abs(formant_shift(heard, listen_like(moved.astype(np.int16), heard)) - bands) <= 1


@pytest.mark.parametrize(("codec", "rate"), CODECS)
def test_codecs_keep_time(clip: Waveform, codec: Codec, rate: int | None) -> None:
    coded = through_codec(clip, codec, rate)
    assert coded.shape == clip.shape and not np.array_equal(coded, clip)
    for start in range(8000, 48000, 8000):  # also piece by piece: no clock drifts
        piece, around = clip[start : start + 8000].astype(float), coded[start - 800 : start + 8800].astype(float)
        if np.abs(piece).max() > 1000:
            assert abs(correlate(around, piece, "valid").argmax() - 800) <= 0.010 * SPEECH_RATE


def test_codec_that_is_not_there(clip: Waveform) -> None:
    with pytest.raises(MediaError, match="cannot be used"):
        through_codec(clip, Codec("no_such_codec", "wav"))


def test_rows_stay_aligned(clip: Waveform, heard: Speech) -> None:
    for seed in range(12):
        other = listen_like(another_voice(clip, np.random.default_rng(seed), Voices()), heard)
        assert np.corrcoef(other.loudness, heard.loudness)[0, 1] > 0.85, seed  # colours and noise of 5 dB move it
        assert np.isfinite(other.log_mel).all() and not other.voicing[heard.silence].any()


def test_heard_like_itself_is_the_same(voice: Waveform) -> None:
    speech = listen(voice)  # more than one block
    again = listen_like(voice, speech)
    for what in ("loudness", "pitch", "voicing", "log_mel", "silence"):
        np.testing.assert_array_equal(getattr(again, what), getattr(speech, what))
    assert np.array_equal(again.phones, speech.phones) and again.first == 0 and again.margin == 0
    with pytest.raises(ValueError, match="frames"):
        listen_like(voice[:16000], speech)


def test_prepared_resumed_and_drawn(voice: Waveform, tmp_path: Path) -> None:
    clips, out = corpus(tmp_path, voice), tmp_path / "out"
    assert prepare(clips, out, Preparation(faces=1, voices=2)).new == 2
    first = load_file(out / "clips" / "happy.safetensors")
    assert first["voices"].shape == (2, 30, 117) and first["voices"].dtype == np.float16
    assert not np.array_equal(first["voices"][0], first["voices"][1])
    assert prepare(clips, out, Preparation(faces=1, voices=2)).new == 0
    recordings = load_recordings(out)
    assert recordings.speech.shape == (3, 3, 30, 117)
    torch.testing.assert_close(whole(recordings, torch.tensor([2])).speech[0].half(), torch.from_numpy(first["speech"]))
    assert torch.equal(recordings.speech[0], recordings.speech[1])  # contempt is said in the neutral clip's voices
    batch = draw(
        recordings, torch.full((400,), 2), 30, torch.ones(117), STILL, Misreading(), torch.Generator().manual_seed(0)
    )
    match = (batch.speech[:, None, 1:-1] - recordings.speech[2].float()[None, :, 1:-1]).abs().amax((2, 3)) < 0.05
    assert match.sum(1).eq(1).all()
    assert match.float().mean(0).tolist() == pytest.approx([1 / 3] * 3, abs=0.07)


def test_another_number_of_voices_is_prepared_anew(voice: Waveform, tmp_path: Path) -> None:
    clips, out = corpus(tmp_path, voice), tmp_path / "out"
    prepare(clips, out, Preparation(faces=1, voices=0))
    file = out / "clips" / "happy.safetensors"
    assert set(load_file(file)) == {"speech", "motion"}
    assert load_recordings(out).speech.shape == (3, 1, 30, 117)
    report = prepare(clips, out, Preparation(faces=1, voices=1))
    assert (report.clips, report.new) == (2, 2)
    tensors = load_file(file)
    assert tensors.pop("voices").shape == (1, 30, 117)
    save_file(tensors, file)
    with pytest.raises(InputError, match=r"neutral 1 other voices, happy 0\); run `dicetalk prepare` again"):
        load_recordings(out)
    assert prepare(clips, out, Preparation(faces=1, voices=1)).new == 1
