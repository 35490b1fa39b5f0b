"""Numbered pictures: all or none, never among those of another clip."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import names
from PIL import Image

from dicetalk.errors import MediaError
from dicetalk.files import video_path_of
from dicetalk.media.frames import FrameWriter, check_numbered, is_numbered


@pytest.mark.parametrize(
    ("name", "found"),
    [("f_%05d.png", True), ("%d.png", True), ("a/%03d.PNG", True), ("f.png", False), ("%05d.mp4", False),
     ("%d_%d.png", False), ("100%_%d.png", False), ("%s.png", False)],
)  # fmt: skip
def test_names_with_a_number(name: str, found: bool) -> None:
    assert is_numbered(Path(name)) == found


def test_a_folder_stands_for_numbered_pictures() -> None:
    assert video_path_of("frames/") == Path("frames/frame_%05d.png")
    assert video_path_of("out.mp4") == Path("out.mp4")
    for wrong in ("out.mp4/", "", "  ", None, 5):
        with pytest.raises(MediaError):
            video_path_of(wrong)


@pytest.mark.parametrize("channels", [3, 4])
def test_what_is_written_is_what_was_given(tmp_path: Path, channels: int) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (7, 6, 8, channels), np.uint8)
    with FrameWriter(tmp_path / "frames" / "f_%03d.png") as video:
        video.write(frames[:5])
        video.write(frames[5:])
    assert names(tmp_path) == ["frames"] and names(tmp_path / "frames") == [f"f_{i:03d}.png" for i in range(7)]
    for i, frame in enumerate(frames):
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "frames" / f"f_{i:03d}.png")), frame)


@pytest.mark.parametrize("there", [True, False])
def test_a_failure_leaves_nothing(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "frames").mkdir()
        (tmp_path / "frames" / "notes.txt").write_text("mine")
    before = names(tmp_path)
    with pytest.raises(KeyboardInterrupt), FrameWriter(tmp_path / "frames" / "%d.png") as video:
        video.write(np.zeros((2, 4, 4, 3), np.uint8))
        raise KeyboardInterrupt
    assert names(tmp_path) == before
    assert not there or names(tmp_path / "frames") == ["notes.txt"]


def test_frames_of_another_clip_are_not_mixed(tmp_path: Path) -> None:
    (tmp_path / "f_00099.png").write_bytes(b"older")
    with pytest.raises(MediaError, match=r"f_00099\.png is there already; give another name, or remove"):
        FrameWriter(tmp_path / "f_%05d.png")
    check_numbered(tmp_path / "g_%05d.png")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in ("none/frames", "file"):
        with pytest.raises(MediaError):
            check_numbered(tmp_path / folder / "%d.png")
    assert names(tmp_path) == ["file"]


WRITE = """
import os, signal, sys, time
import numpy as np
import subprocess
import sys
from pathlib import Path
from dicetalk.media.frames import FrameWriter
with FrameWriter(Path(sys.argv[1]) / "%d.png") as video:
    video.write(np.zeros((2, 4, 4, 3), np.uint8))
    print("written", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_what_a_killed_run_left_goes_with_the_next(tmp_path: Path) -> None:
    """And nothing else: not what a run at work has, not what is somebody's own."""
    killed, working = (
        subprocess.Popen([sys.executable, "-c", WRITE, str(tmp_path / name)], stdout=subprocess.PIPE) for name in "ab"
    )
    try:
        for process in (killed, working):
            assert process.stdout and process.stdout.readline() == b"written\n"
        killed.kill()
        killed.wait()
        abandoned = next(path for path in tmp_path.iterdir() if f"-{killed.pid}-" in path.name)
        at_work = next(path for path in tmp_path.iterdir() if f"-{working.pid}-" in path.name)
        (tmp_path / ".dicetalk-mine").mkdir()
        kept = abandoned.with_name(abandoned.name[:-12] + "0" * 12)
        kept.mkdir()
        (kept / "letter.txt").write_text("mine")
        with FrameWriter(tmp_path / "a" / "%d.png") as video:
            video.write(np.zeros((1, 4, 4, 3), np.uint8))
        assert names(tmp_path) == sorted([".dicetalk-mine", "a", at_work.name, kept.name])
        assert names(at_work) == ["0.png", "1.png"] and names(kept) == ["letter.txt"]
    finally:
        working.kill()
        working.communicate()
