"""Read any recording of speech: 16 kHz mono for analysis, its own samples block by block for the sound track."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import av
import numpy as np

from dicetalk.arrays import Float64, Waveform
from dicetalk.errors import MediaError
from dicetalk.files import PathLike, existing_file
from dicetalk.media.channel import Channel, channel_number, mixed_tracks, only_channel
from dicetalk.media.loudness import Loudness
from dicetalk.media.soundtrack import SoundDecoder, resampled, scaled
from dicetalk.rates import SPEECH_RATE

MIN_RATE = 4_000  # [Hz], telephone speech has twice that
MAX_RATE = 1_000_000  # [Hz], more than any recorder has
MIN_SPEECH = 0.2  # [s]
SILENCE = 0.001  # of full scale: -60 dBFS
CONSTANT = 328
"""Least constant part that is taken out, -40 dBFS [least significant bits]: pieces of sound recordings have some."""
OVERSHOOT = 1.12
"""Peaks of real samples, in units of full scale, up to which they are cut off as in every player: the decoders of lossy
codecs overshoot by less than 1 dB."""
MOST_PEAK = 2.0**32
"""Beyond it samples are no sound: 32-bit whole numbers that were stored as real ones reach half of it."""

MOST_HELD = 64_000_000
"""Of a file that stays in memory, so that nothing changes when somebody removes it [bytes]."""


@dataclass(frozen=True)
class Sound:
    """A recording of speech.

    Attributes:
        path: the file; its own samples are decoded from it again when they are needed.
        rate: its own sampling rate [Hz].
        channels: number of channels that are used: its own, or 1 where one was chosen or more than eight are mixed.
        waveform: the whole at 16 kHz, mono, int16 `(N,)`, read-only; sample 0 is what plays at time 0.
        channel: the one that was chosen, from 1; None uses all.
        gain: what samples are multiplied by, because they reach beyond full scale.
        warnings: what is wrong with it and does not stop the work, one line each.
        content: what the file held when it was read; None for a large one, which is read again.
    """

    path: Path
    rate: int
    channels: int
    waveform: Waveform = field(repr=False, compare=False)
    channel: int | None = None
    gain: float = 1.0
    warnings: tuple[str, ...] = ()
    content: bytes | None = field(default=None, repr=False, compare=False)

    @property
    def seconds(self) -> float:
        """Length of what was decoded [s]."""
        return self.waveform.size / SPEECH_RATE

    def blocks(self) -> Iterator[av.AudioFrame]:
        """Its own samples, decoded from the file again: the channels that are used, within full scale."""
        return _chosen(SoundDecoder(self.path, self.content), self.channel, self.gain)


def read_sound(path: PathLike, *, channel: Channel | None = None) -> Sound:
    """Read any sound that FFmpeg's decoders know, the sound of a video included.

    Gaps in the time stamps are silence. Of channels that cancel each other, or of which nothing is left in the
    mix, the loudest is taken. Samples beyond full scale are brought back. A damaged file is used as far as it goes,
    with a warning.

    Args:
        path: of the file.
        channel: "left", "right" or a number from 1; None mixes all channels.

    Raises:
        InputError: no such channel.
        MediaError: no such file, no sound track, unreadable codec, NaN or absurd samples, no samples at all, under
            0.2 s or 4 kHz, above 1 MHz, or silent (peak below -60 dBFS).
    """
    path, number = existing_file(path), channel_number(channel)
    content = path.read_bytes() if path.stat().st_size <= MOST_HELD else None
    heard = Loudness()
    sound = _read(path, content, number, 1.0, heard)
    _check_peak(path, heard.peak)
    better = _bettered(sound, heard)
    if better is not None:
        sound = replace(better, waveform=_read(path, content, better.channel, better.gain, Loudness()).waveform)
    _check_speech(sound)
    return sound


def saying(sound: Sound, samples: Float64, rate: int) -> Sound:
    """A recording that says something else than its file: samples (N,) at a rate [Hz], mono, -1 to 1."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    said = _read(sound.path, content.getvalue(), None, 1.0, Loudness())
    return replace(said, warnings=sound.warnings)


def _read(path: Path, content: bytes | None, channel: int | None, gain: float, heard: Loudness) -> Sound:
    decoder = SoundDecoder(path, content)
    frames = _chosen(_listened(decoder, heard), channel, gain)
    first = next(frames, None)
    if first is None:
        raise MediaError(f"{path} holds no sound samples; record it again")
    if first.rate < MIN_RATE:
        raise MediaError(f"{path} has {first.rate} samples a second; speech needs at least {MIN_RATE}")
    if first.rate > MAX_RATE:
        raise MediaError(f"{path} has {first.rate} samples a second, which its head must have wrong; export it again")
    samples = bytearray()  # grows in place: the waveform is held once
    for block in resampled(chain([first], frames), "s16", "mono", SPEECH_RATE):
        samples += block.to_ndarray().tobytes()
    waveform = _centred(np.frombuffer(samples, np.int16))
    waveform.flags.writeable = False
    return Sound(path, first.rate, len(first.layout.channels), waveform, channel, gain, decoder.warnings, content)


def _listened(frames: Iterator[av.AudioFrame] | SoundDecoder, heard: Loudness) -> Iterator[av.AudioFrame]:
    for frame in frames:
        heard.add(frame)
        yield frame


def _chosen(
    frames: Iterator[av.AudioFrame] | SoundDecoder, channel: int | None, gain: float
) -> Iterator[av.AudioFrame]:
    """Blocks with the channels that are used, times the gain."""
    chosen = mixed_tracks(frames) if channel is None else only_channel(frames, channel)
    return chosen if gain == 1.0 else scaled(chosen, gain)


def _bettered(sound: Sound, heard: Loudness) -> Sound | None:
    """How a sound should be read instead, and why; None where it is right as it is."""
    channel, gain, warnings = sound.channel, 1.0, list(sound.warnings)
    if channel is None and (heard.cancels or (heard.channels > 1 and _is_silent(sound.waveform))):
        channel = heard.loudest
        why = "channels that cancel each other" if heard.cancels else "no voice in the mix of its channels"
        warnings.append(f"{sound.path} has {why}; going on with channel {channel} alone")
    if heard.peak > OVERSHOOT:
        gain = 1 / heard.peak
        warnings.append(f"{sound.path} reaches {heard.peak:.3g} times full scale; it is scaled down to it")
    if (channel, gain) == (sound.channel, sound.gain):
        return None
    channels = sound.channels if channel is None else 1
    return replace(sound, channels=channels, channel=channel, gain=gain, warnings=tuple(warnings))


def _check_peak(path: Path, peak: float) -> None:
    if peak > MOST_PEAK:
        raise MediaError(
            f"{path} has samples of {peak:.1g} times full scale, which are no sound; export it again as 16-bit WAV"
        )


def _centred(waveform: Waveform) -> Waveform:
    """Without its constant part, which a fault of some recorders adds and which would be a click at both ends."""
    middle = round(float(waveform.mean(dtype=np.float64))) if waveform.size else 0
    if abs(middle) <= CONSTANT:
        return waveform
    low, high = -32768 + max(middle, 0), 32767 + min(middle, 0)  # of what is left all is in range
    return np.clip(waveform, low, high) - np.int16(middle)


def _is_silent(waveform: Waveform) -> bool:
    """Whether it never leaves -60 dBFS; a constant offset is silence too."""
    return waveform.size > 0 and int(waveform.max()) - int(waveform.min()) < 2 * SILENCE * 32768


def _check_speech(sound: Sound) -> None:
    path, waveform = sound.path, sound.waveform
    if waveform.size < MIN_SPEECH * SPEECH_RATE:
        why = f" ({sound.warnings[0].removeprefix(f'{path} ')})" if sound.warnings else ""
        raise MediaError(f"{path} lasts {sound.seconds:.3f} s{why}; speech needs at least {MIN_SPEECH} s")
    if _is_silent(waveform):
        where = "" if sound.channel is None else f" in channel {sound.channel}"
        raise MediaError(f"{path} is silent{where} (below -60 dBFS throughout); give a recording with a voice in it")
