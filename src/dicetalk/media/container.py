"""Containers of sound and video: opened, decoded, and what FFmpeg says when it cannot write one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from dicetalk.errors import MediaError
from dicetalk.files import writing
from dicetalk.media.beginnings import SOUND, VIDEO, begins_as


@contextmanager
def encoding(path: Path) -> Iterator[None]:
    """Say in one line why `path` cannot be written, where FFmpeg writes it."""
    try:
        with writing(path):
            yield
    except av.FFmpegError as error:
        raise MediaError(f"{path} cannot be written ({error.strerror}); choose another place") from error


def one_line(error: Exception) -> str:
    """What an exception of a library says, without line breaks or its own copy of the file name."""
    text = error.strerror if isinstance(error, av.FFmpegError) else str(error)
    return " ".join(str(text).split()) or type(error).__name__


FORMATS = (
    "3g2,3gp,aac,ac3,aiff,amr,amrnb,amrwb,ape,apng,aptx,aptx_hd,asf,asf_o,ast,au,av1,avi,bonk,caf,dsf,dss,dts,dtshd,dv,"
    "eac3,f4v,flac,flv,g722,gif,gsm,h263,h264,hevc,iff,ilbc,ircam,ivf,lc3,loas,m4a,m4v,matroska,mj2,mjpeg,mlp,mov,mp3,"
    "mp4,mpc,mpc8,mpeg,mpegts,mpegvideo,mxf,nistsphere,nsv,nut,nuv,obu,ogg,oma,osq,qcp,qoa,rka,rm,rso,sbc,shn,sln,sox,"
    "spdif,swf,tak,truehd,tta,vc1,voc,vvc,w64,wav,webm,wsd,wtv,wv,xa,xwma,yuv4mpegpipe"
)
"""The formats that are read, as FFmpeg calls them. Left out are those that open other files or run something: playlists
and manifests (hls, dash, concat, sdp, imf), numbered pictures (image2), scripts (avisynth), devices."""


class Held(io.BytesIO):
    """What a file held when it was read, under its name."""

    def __init__(self, path: Path, content: bytes) -> None:
        super().__init__(content)
        self.name = str(path.absolute())  # by its suffix FFmpeg knows formats that have no head


@contextmanager
def opened(path: Path, content: bytes | None = None) -> Iterator[InputContainer]:
    """Open for demuxing: this very file and no other; `content` is what it holds, where that was read already."""
    file = str(path.absolute()) if content is None else Held(path, content)
    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    try:
        container = av.open(file, mode="r", metadata_errors="replace", options=options)
    except (av.FFmpegError, ValueError) as error:
        raise MediaError(_unread(path, error)) from error
    with container:
        yield container


def _unread(path: Path, error: Exception) -> str:
    """What is told of a file that FFmpeg does not open."""
    what = begins_as(path)
    if what not in ("", SOUND, VIDEO):
        return f"{path} is {what}, no sound or video that can be read; give a recording itself, as WAV or MP4"
    unread = isinstance(error, av.ArgumentError)  # what FFmpeg says of a format that is not among ours
    reason = "a playlist, or a format that is not read" if unread else one_line(error)
    return f"{path} is no sound or video that can be read ({reason}); give a recording itself, as WAV or MP4"


@dataclass
class Damage:
    """What could not be decoded of a stream. As in every player a few damaged packets are skipped.

    Attributes:
        good, bad: numbers of packets.
        lost: seconds that the bad ones stood for, as far as they told.
        reason: what was wrong with the last of them.
    """

    good: int = 0
    bad: int = 0
    lost: float = 0.0
    reason: str = ""

    def add(self, packet: av.Packet[Any] | None, error: Exception) -> None:
        """Note a packet that was damaged; None where it could not even be read."""
        self.bad, self.reason = self.bad + 1, one_line(error)
        if packet is not None and packet.duration and packet.time_base:
            self.lost += float(packet.duration * packet.time_base)

    def refuse(self, path: Path, most: float) -> None:
        """Stop where more than a share of the packets, or all of them, are damaged.

        Raises:
            MediaError: they are.
        """
        if self.bad > most * (self.good + self.bad):
            raise MediaError(f"{path} is damaged or its codec cannot be read ({self.reason}); convert it to WAV or MP4")


def decoded(
    container: InputContainer, stream: av.AudioStream | av.VideoStream, damage: Damage
) -> Iterator[av.AudioFrame | av.VideoFrame]:
    """Decode one stream; what cannot be decoded is noted."""
    packets = container.demux(stream)
    while True:
        packet, frames = None, []
        try:
            packet = next(packets, None)
            frames = packet.decode() if packet is not None else []
            damage.good += bool(frames)
        except (av.FFmpegError, ValueError) as error:
            damage.add(packet, error)
        yield from (frame for frame in frames if isinstance(frame, av.AudioFrame | av.VideoFrame))
        if packet is None:
            break


WRAPPED = 2**31
"""Ticks: what is cut off at the end of a Vorbis file may be told as a length below 0, in 32 bits without a sign."""


def lasts(path: Path) -> float:
    """How long a sound or a video lasts [s], by its packets, none of which is decoded: headers may be wrong.

    Raises:
        MediaError: it is neither.
    """
    end = 0.0
    with opened(path) as container, suppress(av.FFmpegError, ValueError):  # damaged: as far as it goes
        tracks: dict[int, float] = {}
        for packet in container.demux(list(container.streams.audio) + list(container.streams.video)):
            if packet.time_base is not None and packet.duration and packet.duration < WRAPPED:
                number = packet.stream.index
                tracks[number] = tracks.get(number, 0.0) + float(packet.duration * packet.time_base)
                end = max(end, tracks[number])
    return end
