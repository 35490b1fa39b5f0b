"""Speech of all kinds: every rate, number of channels and codec, damaged and lying files, and what is no sound."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache, partial
from typing import Any

import av
import numpy as np
from hostile.cases import Case, Door
from hostile.made import FRAMES, encoded, put, riff, spoken, wav
from hostile.pictures import NEITHER, bomb, cut, film, flipped, patched, zipped
from numpy.typing import NDArray
from scipy.signal import resample_poly

from dicetalk.rates import SPEECH_RATE

NO_SOUND = "no sound or video that can be read"
RUBBISH = f"{NO_SOUND}|is damaged or its codec cannot be read|holds no sound samples"


def sound(name: str, content: Callable[[], bytes], says: str = "", *, sent: str = "", **more: Any) -> Case:
    """A case about the speech; `sent` is what the server says that looks at it when it comes."""
    at: Mapping[Door, str] = {"REST": sent or says.replace(NO_SOUND, f"{NO_SOUND}|{NEITHER}")}
    fields: Mapping[str, Any] = more.pop("fields", {})
    return Case(make=lambda folder: {"speech": put(folder, name, content()), **fields}, says=says, at=at, **more)


@cache
def at_rate(rate: int, seconds: float = 0.4) -> NDArray[np.int16]:
    """The speech at another rate."""
    shared = Fraction(rate, SPEECH_RATE)
    told = resample_poly(spoken(seconds).astype(float), shared.numerator, shared.denominator)
    return np.clip(told, -32768, 32767).astype(np.int16)


@cache
def coded(codec: str, format: str, rate: int = 48_000, layout: str = "mono", seconds: float = 0.4) -> bytes:
    """The speech by one of FFmpeg's encoders, the same on every channel."""
    channels = av.AudioLayout(layout).nb_channels
    content = io.BytesIO()
    with av.open(content, "w", format=format) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout, options={"strict": "-2"})
        assert isinstance(stream, av.AudioStream)
        kind = (stream.codec_context.codec.audio_formats or [])[0].name
        stream.codec_context.format = kind
        samples = np.tile(at_rate(rate, seconds).astype(np.float32) / 32768, (channels, 1))
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        resampler = av.AudioResampler(kind, layout, rate, frame_size=960 if codec == "libopus" else 1024)
        for block in resampler.resample(frame) + resampler.resample(None):
            container.mux(stream.encode(block))
        container.mux(stream.encode(None))
    return content.getvalue()


def form(samples: NDArray[Any], kind: int, rate: int, channels: int = 1, size: int | None = None) -> bytes:
    """A WAV whose head says what it is told to: kind 1 is whole numbers, 3 real ones, 6 A-law, 7 mu-law."""
    data, width = samples.tobytes(), samples.dtype.itemsize
    block = (width * channels) & 0xFFFF
    head = struct.pack("<HHIIHH", kind, channels, rate, (rate * width * channels) & 0xFFFFFFFF, block, width * 8)
    said = len(data) if size is None else size
    whole = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", said) + data
    return b"RIFF" + struct.pack("<I", (len(whole) if size is None else said) & 0xFFFFFFFF) + whole


def real(samples: NDArray[Any], rate: int = SPEECH_RATE, dtype: type = np.float32) -> bytes:
    return form(samples.astype(dtype), 3, rate)


def with_one(value: float) -> bytes:
    """Real samples of which one is odd."""
    samples = spoken().astype(np.float32) / 32768
    samples[3000] = value
    return real(samples)


def channels(count: int) -> bytes:
    return riff(np.repeat(spoken(), count), SPEECH_RATE, count)


def first_channel_of(count: int) -> bytes:
    """Only the first of so many says something."""
    samples = np.zeros((spoken().size, count), np.int16)
    samples[:, 0] = spoken()
    return riff(samples.reshape(-1), SPEECH_RATE, count)


def inverted() -> bytes:
    return riff(np.stack([spoken(), -spoken()], 1).reshape(-1), SPEECH_RATE, 2)


def seconds(length: float) -> bytes:
    """So much of it, over and over."""
    return riff(np.resize(spoken(8.0), round(length * SPEECH_RATE)))


def hour() -> bytes:
    """8 bit at 8 kHz, 29 MB."""
    once = (at_rate(8000, 8.0) // 256 + 128).astype(np.uint8)
    return form(np.resize(once, 3600 * 8000), 1, 8000)


def tagged(size: int) -> bytes:
    """An MP3 with a note of so many bytes at its head."""
    parts = bytes((size >> shift) & 127 for shift in (21, 14, 7, 0))
    return b"ID3\x04\0\0" + parts + bytes(size) + coded("libmp3lame", "mp3")


def with_part(name: bytes, content: bytes, size: int | None = None) -> bytes:
    """A WAV with one more part before its samples."""
    said = struct.pack("<I", len(content) if size is None else size)
    return wav()[:36] + name + said + content + wav()[36:]


def rf64() -> bytes:
    """A WAV for more than 4 GB, as recorders of broadcasters write it."""
    data = spoken().tobytes()
    sizes = b"ds64" + struct.pack("<IQQQI", 28, len(data) + 72, len(data), spoken().size, 0)
    return b"RF64\xff\xff\xff\xffWAVE" + sizes + wav()[12:36] + b"data\xff\xff\xff\xff" + data


def film_with_sound(format: str = "mp4") -> bytes:
    """A small video, black, with the speech."""
    content = io.BytesIO()
    with av.open(content, "w", format=format) as container:
        pictures = container.add_stream("libx264", rate=25)
        voice = container.add_stream("aac", rate=SPEECH_RATE, layout="mono")
        pictures.width = pictures.height = 64
        pictures.pix_fmt = "yuv420p"
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        block = av.AudioFrame.from_ndarray(spoken()[None], format="s16", layout="mono")
        block.rate, block.pts, block.time_base = SPEECH_RATE, 0, Fraction(1, SPEECH_RATE)
        container.mux(voice.encode(block))
        container.mux(voice.encode(None))
    return content.getvalue()


def flac(total: int) -> bytes:
    """A FLAC whose head tells another number of samples: 36 bits of it."""
    whole = bytearray(coded("flac", "flac"))
    whole[21] = (whole[21] & 0xF0) | (total >> 32)
    whole[22:26] = struct.pack(">I", total & 0xFFFFFFFF)
    return bytes(whole)


def at_its_rate(rate: int) -> bytes:
    return riff(at_rate(rate), rate)


RATES = (8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000)

GOOD: dict[str, Case] = {
    **{f"{rate} Hz": sound("a.wav", partial(at_its_rate, rate), frames=FRAMES) for rate in RATES},
    **{f"{count} channels": sound("a.wav", partial(channels, count), frames=FRAMES) for count in range(1, 9)},
    "the first channel of 8": sound("a.wav", lambda: first_channel_of(8), frames=FRAMES),
    "16 channels": sound("a.wav", lambda: channels(16), frames=FRAMES),
    "8 bit": sound("a.wav", lambda: form((spoken() // 256 + 128).astype(np.uint8), 1, SPEECH_RATE), frames=FRAMES),
    "32 bit": sound("a.wav", lambda: form(spoken().astype(np.int32) << 16, 1, SPEECH_RATE), frames=FRAMES),
    "real numbers": sound("a.wav", lambda: real(spoken() / 32768), frames=FRAMES),
    "real numbers of 64 bit": sound("a.wav", lambda: real(spoken() / 32768, dtype=np.float64), frames=FRAMES),
    "samples beyond full scale": sound("a.wav", lambda: real(spoken() / 328), frames=FRAMES, warns="times full scale"),
    "whole numbers as real ones": sound("a.wav", lambda: real(spoken() * 65536.0), warns="times full scale"),
    "channels that cancel each other": sound("a.wav", inverted, frames=FRAMES, warns="cancel each other"),
    "a constant part": sound("a.wav", lambda: riff(spoken() // 2 + np.int16(9000)), frames=FRAMES),
    "A-law of telephones": sound("a.wav", lambda: coded("pcm_alaw", "wav", 8000), frames=FRAMES),
    "mu-law of telephones": sound("a.au", lambda: coded("pcm_mulaw", "au", 8000), frames=FRAMES),
    "ADPCM": sound("a.wav", lambda: coded("adpcm_ms", "wav", 22_050)),
    "MP3": sound("a.mp3", lambda: coded("libmp3lame", "mp3")),
    "AAC": sound("a.m4a", lambda: coded("aac", "ipod")),
    "bare AAC": sound("a.aac", lambda: coded("aac", "adts")),
    "Opus": sound("a.opus", lambda: coded("libopus", "ogg"), frames=FRAMES),
    "Vorbis": sound("a.ogg", lambda: coded("vorbis", "ogg", layout="stereo")),
    "FLAC": sound("a.flac", lambda: coded("flac", "flac", 96_000), frames=FRAMES),
    "AIFF": sound("a.aiff", lambda: coded("pcm_s16be", "aiff"), frames=FRAMES),
    "CAF": sound("a.caf", lambda: coded("pcm_s16le", "caf"), frames=FRAMES),
    "WebM": sound("a.webm", lambda: coded("libopus", "webm"), frames=FRAMES),
    "AC-3 in Matroska": sound("a.mka", lambda: coded("ac3", "matroska", layout="5.1")),
    "a video": sound("a.mp4", film_with_sound),
    "a Matroska video": sound("a.mkv", lambda: film_with_sound("matroska")),
    "a sound that is called a picture": sound("a.png", wav, frames=FRAMES),
    "an MP3 that is called WAV": sound("a.wav", lambda: coded("libmp3lame", "mp3")),
    "a sound without a suffix": sound("speech", lambda: coded("libopus", "ogg"), frames=FRAMES),
    "a note of a megabyte": sound("a.mp3", lambda: tagged(10**6)),
    "a WAV of broadcasters": sound("a.wav", rf64, frames=FRAMES),
    "a part that nobody knows": sound("a.wav", lambda: with_part(b"junk", bytes(30_000)), frames=FRAMES),
    "a recorder that could not go back": sound("a.wav", lambda: patched(wav(), b"data", 4, b"\xff" * 4), frames=FRAMES),
    "0.2 seconds": sound("a.wav", lambda: seconds(0.2), frames=5),
    "an archive behind it": sound("a.wav", lambda: wav() + zipped(), frames=FRAMES),
}

SHORT: dict[str, Case] = {
    "0.01 seconds": sound("a.wav", lambda: seconds(0.01), "lasts 0.010 s; speech needs at least 0.2 s"),
    "0.19 seconds": sound("a.wav", lambda: seconds(0.19), "lasts 0.190 s; speech needs at least 0.2 s"),
    "no samples": sound("a.wav", lambda: riff(np.zeros(0, np.int16)), "holds no sound samples|is no sound"),
    "silence": sound("a.wav", lambda: riff(np.zeros(8000, np.int16)), "is silent"),
    "nearly silence": sound("a.wav", lambda: riff((spoken() // 2000).astype(np.int16)), "is silent"),
    "nothing but a constant": sound("a.wav", lambda: riff(np.full(8000, 9000, np.int16)), "is silent"),
}

ODD: dict[str, Case] = {
    "a sample that is no number": sound("a.wav", lambda: with_one(np.nan), "has NaN or infinite samples"),
    "an infinite sample": sound("a.wav", lambda: with_one(np.inf), "has NaN or infinite samples"),
    "nothing but infinity": sound("a.wav", lambda: real(np.full(8000, -np.inf)), "has NaN or infinite samples"),
    "a sample beyond measure": sound("a.wav", lambda: with_one(1e30), "which are no sound"),
    "1 Hz": sound("a.wav", lambda: form(spoken(), 1, 1), "has 1 samples a second", sent="lasts 6400 s"),
    "3999 Hz": sound("a.wav", lambda: form(spoken(), 1, 3999), "has 3999 samples a second; speech needs at least"),
    "4000 Hz": sound("a.wav", lambda: form(at_rate(4000), 1, 4000), frames=FRAMES),
    "two million Hz": sound(
        "a.wav", lambda: form(np.tile(spoken(), 99), 1, 2_000_000), "which its head must have wrong"
    ),
    "four thousand million Hz": sound("a.wav", lambda: form(spoken(), 1, 2**32 - 1), f"{RUBBISH}|must have wrong"),
    "0 Hz": sound("a.wav", lambda: form(spoken(), 1, 0), f"{RUBBISH}|samples a second"),
    "0 channels": sound("a.wav", lambda: form(spoken(), 1, SPEECH_RATE, 0), "has no sound track"),
    "255 channels": sound("a.wav", lambda: form(np.repeat(spoken(), 255), 1, SPEECH_RATE, 255), frames=FRAMES),
    "65535 channels": sound("a.wav", lambda: form(np.tile(spoken(), 9), 1, SPEECH_RATE, 65535), "has no sound track"),
    "samples of 0 bit": sound("a.wav", lambda: patched(wav(), b"fmt ", 22, b"\0\0"), RUBBISH),
    "blocks of 0 bytes": sound("a.wav", lambda: patched(wav(), b"fmt ", 20, b"\0\0"), ""),
    "a codec that nobody knows": sound("a.wav", lambda: patched(wav(), b"fmt ", 8, b"\xee\xee"), RUBBISH),
}

LYING: dict[str, Case] = {
    "a head that promises an hour": sound(
        "a.wav", lambda: form(spoken(), 1, SPEECH_RATE, size=3600 * 32_000), warns="is damaged: 3599"
    ),
    "a head that promises two thousand million samples": sound(
        "a.wav", lambda: form(spoken(), 1, SPEECH_RATE, size=2**32 - 2), warns="are missing"
    ),
    "a head that knows of a part": sound(
        "a.wav", lambda: form(spoken(), 1, SPEECH_RATE, size=spoken().nbytes // 2), says="", frames=5
    ),
    "a part that is larger than the file": sound("a.wav", lambda: with_part(b"junk", b"", 2**32 - 1), RUBBISH),
    "a FLAC of 68 thousand million samples": sound(
        "a.flac", lambda: flac(2**36 - 1), warns="are missing", sent=r"lasts \d+ s; expected at most"
    ),
    "a FLAC that does not know": sound("a.flac", lambda: flac(0), frames=FRAMES),
    "an AIFF of thousands of millions": sound(
        "a.aiff", lambda: patched(coded("pcm_s16be", "aiff"), b"COMM", 10, b"\xff\xff\xff\xff"), RUBBISH
    ),
    "an AU of thousands of millions": sound(
        "a.au",
        lambda: patched(coded("pcm_mulaw", "au", 8000), b".snd", 8, b"\x7f\xff\xff\xff"),
        warns="are missing",
        sent="expected at most 600 s",  # what a header claims is enough to refuse it
    ),
    "a table of a thousand million blocks": sound(
        "a.m4a", lambda: patched(coded("aac", "ipod"), b"stts", 12, b"\x3f\xff\xff\xff")
    ),
    "a table of sizes of a thousand million": sound(
        "a.m4a", lambda: patched(coded("aac", "ipod"), b"stsz", 12, b"\x3f\xff\xff\xff"), f"{RUBBISH}|lasts"
    ),
    "a box that is larger than the file": sound(
        "a.m4a", lambda: patched(coded("aac", "ipod"), b"moov", -4, b"\x7f\xff\xff\xff")
    ),
    "a box in itself": sound(
        "a.m4a",
        lambda: patched(coded("aac", "ipod"), b"moov", -4, b"\0\0\0\1"),
        "has no sound track",
        sent="neither pictures nor sound",
    ),
}

CUT: dict[str, Case] = {
    "half of a WAV": sound("a.wav", lambda: cut(riff(spoken(0.8)), 0.5), warns="is damaged: 0.40 s of 0.80 s"),
    "half of an MP3": sound(
        "a.mp3", lambda: cut(coded("libmp3lame", "mp3", seconds=0.8), 0.6), warns="0.32 s of 0.80 s are missing"
    ),
    "half of a FLAC": sound(
        "a.flac", lambda: cut(coded("flac", "flac", 16_000, seconds=2.0), 0.6), warns="are missing"
    ),
    "half of an Ogg": sound("a.ogg", lambda: cut(coded("libopus", "ogg", seconds=3.0), 0.5), frames=25),
    "half of an M4A": sound("a.m4a", lambda: cut(coded("aac", "ipod"), 0.5), RUBBISH),
    "half of a WebM": sound("a.webm", lambda: cut(coded("libopus", "webm", seconds=0.8), 0.7), warns="are missing"),
    "the head of a WAV": sound("a.wav", lambda: wav()[:20], RUBBISH),
    "the head of an MP3": sound("a.mp3", lambda: coded("libmp3lame", "mp3")[:100], RUBBISH),
    "a torn MP3": sound("a.mp3", lambda: flipped(coded("libmp3lame", "mp3", seconds=2.0), 3, 60), warns="are missing"),
    "a torn FLAC": sound("a.flac", lambda: flipped(coded("flac", "flac", seconds=2.0), 3, 5), warns="are missing"),
    "a torn M4A": sound("a.m4a", lambda: patched(coded("aac", "ipod"), b"mdat", 40, bytes(700)), warns="are missing"),
    "random bytes in an MP4": sound(
        "a.m4a",
        lambda: patched(coded("aac", "ipod"), b"mdat", 4, np.random.default_rng(1).bytes(900)),
        warns="are missing",
    ),
}

NONE: dict[str, Case] = {
    "no bytes": sound("a.wav", lambda: b"", r"is empty \(0 bytes\)"),
    "a megabyte of zeros as speech": sound("a.wav", lambda: bytes(10**6), NO_SOUND),
    "random bytes as speech": sound("a.wav", lambda: np.random.default_rng(0).bytes(9000), RUBBISH),
    "a text as speech": sound("a.txt", lambda: b"Hello, I am speech.\n" * 50, NO_SOUND),
    "a timeline as speech": sound("a.json", lambda: b'{"keys": []}', NO_SOUND, sent="is a timeline"),
    "a picture as speech": sound("a.png", lambda: encoded("PNG"), "is a picture"),
    "a JPEG as speech": sound("a.jpg", lambda: encoded("JPEG"), "is a picture"),
    "an animated GIF as speech": sound("a.gif", lambda: encoded("GIF"), "is a picture"),
    "a video without sound": sound("a.mp4", film, "has no sound track; give a recording of speech"),
    "a zip as speech": sound("a.zip", zipped, NO_SOUND),
    "a bomb as speech": sound("a.gz", lambda: b"\x1f\x8b\x08\0\0\0\0\0\0\3" + bomb(50)[2:], NO_SOUND),
    "a playlist": sound("a.m3u8", lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", NO_SOUND),
    "a list to join": sound("a.ffconcat", lambda: b"ffconcat version 1.0\nfile /etc/passwd\n", NO_SOUND),
    "a session to join": sound("a.sdp", lambda: b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n", NO_SOUND),
    "a manifest to fetch": sound("a.mpd", lambda: b"<MPD><BaseURL>file:///etc/</BaseURL></MPD>", NO_SOUND),
}

SOUNDS = GOOD | SHORT | ODD | LYING | CUT | NONE
