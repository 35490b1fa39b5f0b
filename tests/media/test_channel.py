"""One channel of several: asked for by side or number, or taken where all together would be silent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from recordings import chirp, delay, write_wav

from dicetalk.errors import InputError, MediaError
from dicetalk.media import VideoWriter, frame_count, probe, read_sound
from dicetalk.media.channel import Channel
from dicetalk.rates import SPEECH_RATE

LATE = 0.4
"""How much later the right channel speaks [s]."""


def two_voices() -> NDArray[Any]:
    left = chirp(SPEECH_RATE)
    return np.stack([left, np.roll(left, round(LATE * SPEECH_RATE))], 1)


KINDS = {"int16": (np.int16, 32767), "int32": (np.int32, 2**31 - 1), "float32": (np.float32, 1)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("channel", "late"), [("left", 0), (" Right", LATE), (1, 0), ("2", LATE)])
def test_the_channel_that_is_asked_for_is_read(tmp_path: Path, kind: str, channel: Channel, late: float) -> None:
    dtype, full = KINDS[kind]
    path = write_wav(tmp_path / "two.wav", (two_voices() * full).astype(dtype))
    sound = read_sound(path, channel=channel)
    assert abs(delay(sound.waveform, chirp(SPEECH_RATE)) - late) < 0.001
    assert np.abs(sound.waveform).max() == pytest.approx(0.6 * 32767, rel=0.02)
    assert sound.channels == 1 and sound.warnings == ()


def test_the_video_speaks_with_the_channel_that_was_chosen(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "two.wav", (two_voices() * 32767).astype(np.int16))
    sound = read_sound(path, channel="right")
    with VideoWriter(tmp_path / "out.mp4", width=32, height=32, speech=sound) as video:
        video.write(np.zeros((frame_count(sound.waveform.size), 32, 32, 3), np.uint8))
    _, track = probe(tmp_path / "out.mp4")
    assert track is not None and track.channels == 1
    assert abs(delay(read_sound(tmp_path / "out.mp4").waveform, chirp(SPEECH_RATE)) - LATE) < 0.01


@pytest.mark.parametrize("channel", ["middle", "", 0, -1, "0", True, 1.5, "²"])
def test_what_is_no_channel_is_refused(speech: Path, channel: Any) -> None:
    with pytest.raises(InputError, match="use left, right or a number from 1"):
        read_sound(speech, channel=channel)


def test_a_channel_that_is_not_there_or_silent_is_told(tmp_path: Path, speech: Path) -> None:
    with pytest.raises(InputError, match="channel 2 was asked for, and the sound has only channel 1"):
        read_sound(speech, channel="right")
    one = np.stack([chirp(SPEECH_RATE), np.zeros(len(chirp(SPEECH_RATE)))], 1)
    with pytest.raises(MediaError, match="silent in channel 2"):
        read_sound(write_wav(tmp_path / "one.wav", (one * 32767).astype(np.int16)), channel=2)


NOISE = np.random.default_rng(0).normal(0, 0.002, len(chirp(SPEECH_RATE)))
VOICE = chirp(SPEECH_RATE)
CANCELLING = {
    "inverted": ((1, -0.95), 1),
    "inverted and softer": ((-0.6, 1), 2),
    "inverted beside noise": ((1, -1, 0), 1),
    "two pairs": ((0.5, -0.5, 1, -0.95), 3),
}
KEPT = {"alike": (1, 1), "one side only": (1, 0), "softer echo": (1, -0.3), "many": (1, 0, 0, 0, 0, 0)}


def several(gains: tuple[float, ...]) -> NDArray[Any]:
    voices = np.stack([gain * VOICE + 0.2 for gain in gains], 1)
    voices[:, -1] += NOISE
    return (voices * 32767).astype(np.int16)


@pytest.mark.parametrize("kind", CANCELLING)
def test_of_channels_that_cancel_the_loudest_is_taken(tmp_path: Path, kind: str) -> None:
    gains, loudest = CANCELLING[kind]
    sound = read_sound(write_wav(tmp_path / "many.wav", several(gains)))
    assert (sound.channel, sound.channels) == (loudest, 1)
    assert f"channels that cancel each other; going on with channel {loudest} alone" in sound.warnings[0]
    assert np.ptp(sound.waveform.astype(int)) > 0.9 * 32767


@pytest.mark.parametrize("inverted", [0, 1, 3])
def test_channels_that_cancel_for_a_while_lose_nothing(tmp_path: Path, inverted: int) -> None:
    """A cable that fails on the way: one of four words is inverted in the second channel."""
    signs = np.repeat([-1 if number == inverted else 1 for number in range(4)], len(VOICE))
    both = np.stack([np.tile(VOICE, 4), signs * np.tile(VOICE, 4)], 1)
    sound = read_sound(write_wav(tmp_path / "cable.wav", (both * 32767).astype(np.int16)))
    assert sound.channel == 1
    assert np.corrcoef(sound.waveform, np.tile(VOICE, 4))[0, 1] > 0.99


@pytest.mark.parametrize("kind", KEPT)
def test_other_channels_are_mixed(tmp_path: Path, kind: str) -> None:
    sound = read_sound(write_wav(tmp_path / "many.wav", several(KEPT[kind])))
    assert sound.channel is None and sound.warnings == ()


@pytest.mark.parametrize("channels", [9, 16, 32])
@pytest.mark.parametrize("last", [False, True])
def test_of_many_tracks_none_is_lost(tmp_path: Path, channels: int, last: bool) -> None:
    samples = np.zeros((len(VOICE), channels), np.int16)
    samples[:, -1 if last else 0] = VOICE * 32767
    path = write_wav(tmp_path / "tracks.wav", samples)
    sound = read_sound(path)
    assert np.ptp(sound.waveform.astype(int)) > 0.9 * 2 * 0.5 * 32767 / channels
    with VideoWriter(tmp_path / "out.mp4", width=64, height=64, speech=sound) as video:
        video.write(np.zeros((2, 64, 64, 3), np.uint8))
    assert read_sound(tmp_path / "out.mp4").channels == 1


def test_a_voice_that_the_mix_leaves_out_is_read_from_its_own_channel(tmp_path: Path) -> None:
    path = tmp_path / "effects.wav"
    voice = (VOICE * 32767).astype(np.int16)
    encode_layout(path, np.stack([0 * voice, 0 * voice, 0 * voice, voice, 0 * voice, 0 * voice]), "5.1")
    sound = read_sound(path)
    assert sound.channel == 4 and "no voice in the mix" in sound.warnings[0]


def encode_layout(path: Path, samples: NDArray[Any], layout: str) -> None:
    """16-bit WAV of samples (C, N) whose places in a room are told."""
    with av.open(str(path), "w") as container:
        track = container.add_stream("pcm_s16le", rate=SPEECH_RATE, layout=layout)
        frame = av.AudioFrame.from_ndarray(samples.T.reshape(1, -1), "s16", layout)
        frame.rate = SPEECH_RATE
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
