"""What other programs make of a marked file: changed or unmarked, never intact."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from marks_made import marked
from PIL import Image, PngImagePlugin

from dicetalk.marks.marks import Marks
from dicetalk.marks.verdict import verify

pytest.importorskip("c2pa")

MUXED = {".mp4": "mp4", ".mov": "mov", ".webm": "webm", ".mkv": "matroska"}


def muxed_anew(given: Path, made: Path, *, most: int = 1000, options: dict[str, str] | None = None) -> None:
    """The same packets, at most so many of them, with all that is told of them."""
    with (
        av.open(str(given)) as source,
        av.open(str(made), "w", format=MUXED[made.suffix], options=options or {}) as target,
    ):
        target.metadata.update(source.metadata)
        track = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.dts is not None and number < most:
                packet.stream = track
                target.mux(packet)


def cut(given: Path, made: Path) -> None:
    """Its first frames, as they were encoded."""
    muxed_anew(given, made, most=6)


def fragmented(given: Path, made: Path) -> None:
    """The same packets, in fragments."""
    muxed_anew(given, made, options={"movflags": "frag_keyframe+empty_moov"} if made.suffix != ".webm" else None)


def encoded_anew(given: Path, made: Path, size: int = 64) -> None:
    """The upper left of its frames, encoded again."""
    codec = {".webm": "libvpx-vp9"}.get(made.suffix, "libx264")
    with av.open(str(given)) as source, av.open(str(made), "w", format=MUXED[made.suffix]) as target:
        target.metadata.update(source.metadata)
        track: Any = target.add_stream(codec, rate=25)
        track.width, track.height, track.pix_fmt = size, size, "yuv420p"
        for number, frame in enumerate(source.decode(video=0)):
            shown = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24")[:size, :size], format="rgb24")
            shown.pts = number
            target.mux(track.encode(shown))
        target.mux(track.encode(None))


def cropped(given: Path, made: Path) -> None:
    """A part of each frame."""
    encoded_anew(given, made, 32)


CHANGES: list[Callable[[Path, Path], None]] = [muxed_anew, cut, fragmented, encoded_anew, cropped]


@pytest.mark.parametrize("which", ["signed", "plain"])
@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.webm"])
def test_a_video_that_went_through_another_program_is_not_intact(name: str, which: Any, tmp_path: Path) -> None:
    path = marked(tmp_path / name, Marks(which=which))
    for change in CHANGES:
        made = tmp_path / f"{change.__name__}{path.suffix}"
        change(path, made)
        assert verify(made).state in ("changed", "unmarked"), change.__name__
    muxed_anew(path, tmp_path / "again.mkv")
    assert verify(tmp_path / "again.mkv").state in ("changed", "unmarked")


@pytest.mark.parametrize("which", ["signed", "plain"])
def test_a_video_that_takes_the_place_of_a_marked_one_is_not_intact(which: Any, tmp_path: Path) -> None:
    path = marked(tmp_path / "out.webm", Marks(which=which))
    muxed_anew(path, tmp_path / "again.webm")
    (tmp_path / "again.webm").replace(path)
    assert verify(path).state in ("changed", "unmarked")


@pytest.mark.parametrize("which", ["signed", "plain"])
@pytest.mark.parametrize("name", ["sheet.png", "sheet.jpg", "f_%02d.png"])
def test_a_picture_that_went_through_another_program_is_not_intact(name: str, which: Any, tmp_path: Path) -> None:
    path = marked(tmp_path / name, Marks(which=which))
    made = path.with_stem("again")
    with Image.open(path) as picture:
        kept = PngImagePlugin.PngInfo()
        for key, value in picture.info.items():
            if isinstance(value, str):
                kept.add_itxt(str(key), value)
        xmp = picture.info.get("xmp", b"")
        picture.save(made, pnginfo=kept, xmp=xmp, compress_level=3)
        assert verify(made).state in ("changed", "unmarked")
        picture.crop((8, 8, 40, 40)).save(made, pnginfo=kept, xmp=xmp)
        assert verify(made).state in ("changed", "unmarked")
        picture.convert("RGB").save(made.with_suffix(".webp"), xmp=xmp)
        assert verify(made.with_suffix(".webp")).state in ("changed", "unmarked")
