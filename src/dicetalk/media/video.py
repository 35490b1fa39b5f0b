"""Write a video frame by frame; read frames back; tell what a file holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from av.container import OutputContainer
from av.stream import Disposition, Stream
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter

from dicetalk.arrays import Picture
from dicetalk.errors import MediaError
from dicetalk.files import existing_file, output_kind, path_of, same_file, taking_place
from dicetalk.media.container import Damage, decoded, encoding, opened
from dicetalk.media.formats import MP4, USUAL_QUALITY, WRITTEN, Quality, Voice, format_of, quality_of
from dicetalk.media.sound import Sound
from dicetalk.media.soundtrack import resampled
from dicetalk.rates import FPS, frames_in

BAD_PICTURES = 0.1
"""Share of damaged packets beyond which a video is not read."""
VAST = 9_000_000
"""More than 4K [px]: frames of which few fit into memory."""
SPARING = "subme=0:ref=1:weightp=0"
"""x264's parameters for vast frames, of which it then keeps none at quarters of a pixel. Of 50 megapixels it takes a
dozen frames of 75 MB; .84 GB if it looks at none ahead, .52 with these as well."""
FINE_ENDS, FINE = 5, 12
"""Frames at either end of a clip that others join, and their quantiser: by two such the picture jumps by half a grey
level where it is 1.0 to 1.3 at the usual quality, and no frame is much sharper than the one before."""
GROWING = {"movflags": "delay_moov+default_base_moof", "frag_duration": "80000", "flush_packets": "1"}
"""How FFmpeg writes an MP4 that plays while it grows: the tracks are told first, then pieces of 0.08 s."""
SOON = "rc-lookahead=3:sync-lookahead=0"
"""x264's parameters where somebody watches: the first frame comes out after 5 and not after 12."""
MOST_STRETCH = 8
"""Pixels that are said to be longer than this are a mistake in the header."""


def frame_count(samples: int) -> int:
    """How many frames cover `samples` of 16 kHz speech: at most one frame longer than the speech, never shorter."""
    return frames_in(samples, FPS)


class VideoWriter:
    """Write a video frame by frame: `with VideoWriter(path, width=512, height=512, speech=sound) as video: ...`.

    The file appears under its name when the block ends well, and not at all otherwise. The speech is decoded again from
    its own file, at its own rate, in step with the frames; whoever writes `frame_count` frames gets tracks that end
    together. Colours are BT.709, limited range, tagged as such; the index lies at the front, ready for the web.

    Args:
        path: ends in .mp4, .m4v or .mov (H.264 and AAC) or .webm (VP9 and Opus); its folder exists.
        width, height: of the frames [px], both even (4:2:0 halves them).
        fps: frames a second.
        speech: the sound track; None writes a silent video.
        quality: 0 (small files) to 100, or one of `formats.QUALITIES`.
        alpha: whether frames have a fourth channel, which says how much each pixel covers; .webm and .mov (as ProRes
            4444) keep it.
        replace: whether it may take the place of another file.
        joins: how many frames there will be of a clip that others join, or that loops: H.264 keeps its ends finely.
        mark: is called with the finished file before it gets its name; may write it anew.
        growing: a fragmented MP4 of the same tracks, which can be played while it is written; only beside an .mp4. It
            stays, whatever happens: whoever asks for it removes it.

    Raises:
        MediaError: the output cannot be written, or would overwrite the speech; disk full.
        InputError: no such quality.
        ValueError: an odd or zero size, or alpha which the file cannot keep.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        width: int,
        height: int,
        fps: int | Fraction = FPS,
        speech: Sound | None = None,
        quality: Quality = USUAL_QUALITY,
        alpha: bool = False,
        replace: bool = True,
        joins: int | None = None,
        mark: Callable[[Path], None] | None = None,
        growing: Path | None = None,
    ) -> None:
        if width < 2 or height < 2 or width % 2 or height % 2:
            raise ValueError(f"H.264 in 4:2:0 needs an even width and height, got {width} x {height}")
        self._path, self._speech, self._replace = path_of(path), speech, replace
        self._joins, self._mark, self._growing = joins, mark, growing
        self._grown: OutputContainer | None = None
        self._width, self._height, self._fps, self._quality = width, height, Fraction(fps), quality_of(quality)
        self._written = 0  # frames
        self._converter = VideoReformatter()  # one for all frames: each would take a millisecond to set up its own
        self._sound: _SpeechTrack | None = None
        output_kind(self._path, WRITTEN)
        self._format = format_of(self._path, alpha)
        if growing is not None and self._format is not MP4:
            raise ValueError(f"only an .mp4 can grow, not {path}")
        if alpha and not self._format.has_alpha:
            raise ValueError(f"{path} cannot keep alpha")
        self._given, self._channels = ("rgba", 4) if alpha else ("rgb24", 3)
        if speech is not None and same_file(self._path, speech.path):
            raise MediaError(f"{path} is the speech itself and would be overwritten; choose another output name")

    @property
    def _shape(self) -> tuple[int, int, int]:
        return self._height, self._width, self._channels

    def __enter__(self) -> Self:
        self._life = self._open()
        return self._life.__enter__()

    def write(self, frames: Picture) -> None:
        """Append uint8 frames, `(t, H, W, 3)` or `(H, W, 3)`, RGB; with alpha they have four channels.

        Raises:
            MediaError: disk full, or the speech file changed and no longer decodes.
            ValueError: another shape or type.
        """
        if frames.dtype != np.uint8 or frames.shape[-3:] != self._shape or frames.ndim > 4:
            expected = f"uint8 (t, {', '.join(map(str, self._shape))})"
            raise ValueError(f"frames are {frames.dtype} {frames.shape}, expected {expected}")
        with encoding(self._path):
            for rgb in frames if frames.ndim == 4 else frames[None]:
                self._write_picture(rgb)
                if self._sound:
                    self._sound.write(until=self._written / self._fps)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._life.__exit__(kind, error, trace)

    @contextmanager
    def _open(self) -> Iterator[Self]:
        """From the first frame to the last; on failure the file goes first, for then the container closes at once."""
        with ExitStack() as closing, taking_place(self._path, self._replace) as temporary:
            with encoding(self._path):
                kind = self._format.container
                options = {"movflags": "faststart"} if kind in ("mp4", "mov") else {}
                self._container = av.open(str(temporary.absolute()), mode="w", format=kind, options=options)
                closing.callback(self._close)
                self._add_pictures()
                self._sound = _SpeechTrack(self._container, self._speech, self._format.sound) if self._speech else None
                if self._sound:
                    self._sound.mux = self._mux
            yield self
            with encoding(self._path):
                self._finish()
                if self._mark is not None:
                    self._mark(temporary)

    def _add_pictures(self) -> None:
        options = self._format.encoding(self._quality) | self._further_options()
        track = self._container.add_stream(self._format.encoder, rate=self._fps, options=options)
        assert isinstance(track, av.VideoStream)
        track.width, track.height, track.pix_fmt = self._width, self._height, self._format.pixels
        context = track.codec_context
        context.colorspace = Colorspace.ITU709
        context.color_range = ColorRange.MPEG
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        self._pictures = track

    def _further_options(self) -> dict[str, str]:
        """What this video asks of its encoder beside format and quality."""
        if self._format.encoder != "libx264":
            return {}
        vast = self._width * self._height > VAST
        told = [SPARING] * vast + [SOON] * (self._growing is not None)
        told += [_fine_ends(self._joins)] if self._joins else []
        return ({"tune": "zerolatency"} if vast else {}) | ({"x264-params": ":".join(told)} if told else {})

    def _write_picture(self, rgb: Picture) -> None:
        given = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(rgb), format=self._given)
        frame = self._converter.reformat(
            given,
            format=self._format.pixels,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        frame.pts, frame.time_base = self._written, 1 / self._fps
        self._mux(self._pictures.encode(frame))
        self._written += 1

    def _mux(self, packets: list[av.Packet[Any]]) -> None:
        """Into the file, and into the one that grows."""
        for packet in packets:
            track = packet.stream
            self._container.mux(packet)
            if self._growing is not None:
                self._grow(self._growing, packet, track)

    def _grow(self, path: Path, packet: av.Packet[Any], track: Stream) -> None:
        if self._grown is None:  # only now the tracks know how they are encoded
            self._grown = av.open(str(path.absolute()), mode="w", format="mp4", options=GROWING)
            self._tracks = {other.index: self._grown.add_stream_from_template(other, opaque=True)
                            for other in self._container.streams}  # fmt: skip
        packet.stream = self._tracks[track.index]
        self._grown.mux(packet)

    def _finish(self) -> None:
        """Encode all that is left and put the file in order."""
        if self._sound:
            self._sound.finish()
        self._mux(self._pictures.encode(None))
        self._container.close()
        if self._grown is not None:
            self._grown.close()

    def _close(self) -> None:
        """Let go of both files, whatever happened."""
        self._sound = None
        with suppress(av.FFmpegError):
            self._container.close()
        if self._grown is not None:
            with suppress(av.FFmpegError):
                self._grown.close()


def _fine_ends(frames: int) -> str:
    """x264's zones at both ends of so many frames."""
    end = min(FINE_ENDS, frames)
    return f"zones=0,{end - 1},q={FINE}/{frames - end},{frames - 1},q={FINE}"


class _SpeechTrack:
    """The sound track of a video being written: the speech, decoded and encoded as far as the frames have come."""

    def __init__(self, container: OutputContainer, speech: Sound, form: Voice) -> None:
        channels = min(speech.channels, 2)
        layout = ("mono", "stereo")[channels - 1]
        self._rate = next((rate for rate in form.rates if rate >= speech.rate), form.rates[-1])
        self.mux: Callable[[list[av.Packet[Any]]], None] = container.mux
        stream = container.add_stream(form.encoder, rate=self._rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        self._stream = stream
        # AAC holds at most 6 bits a sample and channel: at low rates the usual bit rate would not fit
        self._stream.bit_rate = min((128_000, 192_000)[channels - 1], 5 * self._rate * channels)
        self._blocks = resampled(speech.blocks(), form.samples, layout, self._rate)
        self._heard = 0  # samples

    def write(self, until: Fraction) -> None:
        """Encode up to `until` [s], or to the end of the speech if that comes first."""
        while self._heard < until * self._rate:
            block = next(self._blocks, None)
            if block is None:
                return
            self._encode(block)

    def finish(self) -> None:
        """Encode all that is left."""
        for block in self._blocks:
            self._encode(block)
        self.mux(self._stream.encode(None))

    def _encode(self, block: av.AudioFrame) -> None:
        block.pts, block.time_base = self._heard, Fraction(1, self._rate)
        self._heard += block.samples
        self.mux(self._stream.encode(block))


def read_video(path: str | Path, fps: float | None = None, most: int | None = None) -> Iterator[Picture]:
    """Frames of a video, one at a time, uint8 `(H, W, 3)`, RGB, turned and stretched the way a player shows them.

    Args:
        path: of the video.
        fps: frames a second to give: what a player shows in the middle of each; None gives the file's own frames.
        most: longest side [px]; larger frames are scaled down, which is quicker than to read them whole.

    Raises:
        MediaError: no such file, no pictures in it, unreadable codec, damaged.
    """
    path = existing_file(path)
    with opened(path) as container:
        stream = container.streams.best("video")
        if not isinstance(stream, av.VideoStream):
            raise MediaError(f"{path} has no pictures in it; give a video")
        stream.thread_type = "AUTO"  # frames decode on all cores
        damage = Damage()
        frames = (frame for frame in decoded(container, stream, damage) if isinstance(frame, av.VideoFrame))
        begin = (container.start_time or 0) / av.time_base
        step = 1 / float(stream.average_rate or FPS)
        for frame in frames if fps is None else _at_rate(_timed(frames, begin, step), fps):
            small = _resized(frame, _shown_size(frame, stream.sample_aspect_ratio, most))
            yield np.ascontiguousarray(np.rot90(small.to_ndarray(format="rgb24"), frame.rotation // 90))
        damage.refuse(path, most=BAD_PICTURES)


def _shown_size(frame: av.VideoFrame, pixel: Fraction | None, most: int | None) -> tuple[int, int]:
    """Width and height [px] of a frame before it is turned, with square pixels and a longest side.

    Args:
        frame: as it is stored.
        pixel: width of a stored pixel, in units of its height.
        most: longest side [px]; no frame is made larger to reach it.
    """
    shape = float(pixel) if pixel and 1 / MOST_STRETCH <= pixel <= MOST_STRETCH else 1.0
    width, height = frame.width * max(shape, 1.0), frame.height * max(1 / shape, 1.0)
    scale = 1.0 if most is None else min(1.0, most / max(width, height))
    if shape == scale == 1:
        return frame.width, frame.height
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _resized(frame: av.VideoFrame, size: tuple[int, int]) -> av.VideoFrame:
    if (frame.width, frame.height) == size:
        return frame
    way = "AREA" if size[0] <= frame.width and size[1] <= frame.height else "BICUBIC"
    return frame.reformat(width=size[0], height=size[1], interpolation=way)


def _timed(frames: Iterator[av.VideoFrame], begin: float, step: float) -> Iterator[tuple[av.VideoFrame, float, float]]:
    """Frames with the times [s] from when and until when they are shown, as the sound counts them: 0 is where the file
    begins. A frame without a time stamp follows the one before by `step`."""
    for number, frame in enumerate(frames):
        start = number * step if frame.time is None else frame.time - begin
        length = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else step
        yield frame, start, start + length


def _at_rate(frames: Iterator[tuple[av.VideoFrame, float, float]], fps: float) -> Iterator[av.VideoFrame]:
    """What is shown in the middle of each of `fps` frames a second, to the end of the last; at least one frame.

    The first frame also stands for the time before it, where the sound begins earlier.
    """
    shown, given, end = None, 0, 0.0
    for frame, start, until in frames:
        shown, end = shown or frame, until
        while (given + 0.5) / fps <= start:
            yield shown
            given += 1
        shown = frame
    while shown is not None and (given == 0 or (given + 0.5) / fps <= end):
        yield shown
        given += 1


@dataclass(frozen=True)
class VideoTrack:
    """What a file's header says of its pictures: size [px] before rotation, frames a second, length [s]."""

    codec: str
    pix_fmt: str
    width: int
    height: int
    fps: float
    seconds: float


@dataclass(frozen=True)
class SoundTrack:
    """What a file's header says of its sound: rate [Hz], length [s]."""

    codec: str
    rate: int
    channels: int
    seconds: float


def probe(path: str | Path) -> tuple[VideoTrack | None, SoundTrack | None]:
    """Read the header only: the first track of pictures and of sound whose codec is known, None where there is none.

    Raises:
        MediaError: no such file, neither sound nor video, or only tracks of codecs that nobody knows.
    """
    with opened(existing_file(path)) as container:
        whole = (container.duration or 0) / av.time_base
        films = [stream for stream in container.streams.video if Disposition.attached_pic not in stream.disposition]
        pictures = [_video_track(stream, whole) for stream in films if stream.codec_context is not None]
        sounds = [_sound_track(stream, whole) for stream in container.streams.audio if stream.codec_context is not None]
        if (films or container.streams.audio) and not (pictures or sounds):
            raise MediaError(
                f"{path} is damaged or its codec cannot be read (nobody knows it); convert it to WAV or MP4"
            )
    return next(iter(pictures), None), next(iter(sounds), None)


def _video_track(stream: av.VideoStream, whole: float) -> VideoTrack:
    fps = float(stream.average_rate or 0)
    size = stream.width, stream.height
    return VideoTrack(stream.codec_context.name, stream.pix_fmt or "", *size, fps, _seconds(stream, whole))


def _sound_track(stream: av.AudioStream, whole: float) -> SoundTrack:
    return SoundTrack(stream.codec_context.name, stream.rate, stream.channels, _seconds(stream, whole))


def _seconds(stream: av.VideoStream | av.AudioStream, whole: float) -> float:
    if stream.duration is None or stream.time_base is None:
        return whole
    return float(stream.duration * stream.time_base)
