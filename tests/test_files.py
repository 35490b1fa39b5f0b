"""A file is written whole or not at all; why it cannot be is told in one line."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dicetalk.emotion.own import read_own
from dicetalk.emotion.timeline_file import read_timeline
from dicetalk.errors import DiceTalkError, MediaError
from dicetalk.files import check_output, existing_file, output_kind, path_of, read_bytes, taking_place, whole, writing
from dicetalk.media import probe, read_picture, read_sound, read_video
from dicetalk.motion.live_link import read_csv
from dicetalk.official.npy import read_npy


def test_what_is_written_takes_the_place_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    with whole(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old" and temporary.name.startswith(".")
    assert target.read_text() == "new" and list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, GeneratorExit])
def test_a_failure_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises(error), whole(target) as temporary:
        temporary.write_text("half")
        raise error
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(MediaError, match=r"the folder .*none does not exist; make it first"),
        whole(tmp_path / "none" / "out.txt"),
    ):
        pass


def test_errors_of_a_block_that_does_more_than_write_pass_through(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), taking_place(tmp_path / "out.txt"):
        (tmp_path / "gone.txt").read_text()
    assert not list(tmp_path.iterdir())


needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")


def make_odd(folder: Path) -> dict[str, Path]:
    """One of each thing that lies in folders and is no file, all but the folder named as a video."""
    paths = {name: folder / f"{name}.mp4" for name in ("pipe", "socket", "link", "dangling", "folder")}
    os.mkfifo(paths["pipe"])
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(paths["socket"]))  # the name of a socket must be short
    (folder / "aim.mp4").write_text("aim")
    paths["link"].symlink_to("aim.mp4")
    paths["dangling"].symlink_to("nowhere.mp4")
    paths["folder"].mkdir()
    return paths | {"device": Path(os.devnull)}


@needs_pipes
@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("pipe", "is a pipe; save what it gives to a file"),
        ("socket", "is a socket; save"),
        ("device", "is a device; save"),
        ("folder", "is a folder; give a file"),
        ("dangling", "No such file"),
    ],
)
def test_what_is_no_file_is_refused_and_not_waited_for(
    tmp_path: Path, what: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = make_odd(tmp_path)[what]
    for read in READERS:
        with pytest.raises(DiceTalkError, match=says):
            read(path)


READERS: list[Callable[[Path], object]] = [
    existing_file,
    lambda path: read_bytes(path, 100),
    read_picture,
    read_sound,
    lambda path: list(read_video(path)),
    probe,
    read_timeline,
    read_csv,
    read_own,
    read_npy,
]
"""All that read what a user names."""


@needs_pipes
@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("pipe", "is a pipe, which no file may replace"),
        ("socket", "is a socket"),
        ("device", "is a device"),
        ("folder", "is a folder; give the name of a file"),
        ("link", r"is a link to aim\.mp4, which would be lost"),
        ("dangling", r"is a link to nowhere\.mp4"),
    ],
)
def test_only_files_are_replaced(tmp_path: Path, what: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = make_odd(tmp_path)[what]
    before = sorted(tmp_path.iterdir())
    with pytest.raises(MediaError, match=says), whole(path) as temporary:
        temporary.write_text("new")
    with pytest.raises(MediaError, match=says):
        check_output(path, {path.suffix: "any"}, [])
    assert sorted(tmp_path.iterdir()) == before and (tmp_path / "aim.mp4").read_text() == "aim"


def test_a_name_that_nobody_gave_replaces_nothing(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    with taking_place(target, replace=False) as temporary:
        temporary.write_text("ours")
        target.write_text("theirs")  # in the meantime
        with pytest.raises(MediaError, match="is there already; give an output name with -o, or --force"):
            check_output(target, KINDS, [], replace=False)
        target.unlink()
    assert target.read_text() == "ours"
    with pytest.raises(MediaError, match="is there already"), taking_place(target, replace=False):
        raise AssertionError
    with pytest.raises(MediaError, match="is there already"), taking_place(tmp_path / "b.txt", replace=False):
        (tmp_path / "b.txt").write_text("theirs")
    assert (tmp_path / "b.txt").read_text() == "theirs"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "the name of a file is empty"),
        (" ", "the name of a file is empty"),
        ("a/", "names a folder"),
        ("a\0b", "is no name of a file"),
        (5, r"5 \(int\) is no name of a file; expected text or a path"),
        (None, r"None \(NoneType\)"),
        (b"a", r"b'a' \(bytes\)"),
        (np.zeros(1000), r"array.*\(ndarray\)"),
    ],
)
def test_names_that_are_none(name: object, says: str) -> None:
    with pytest.raises(MediaError, match=says) as caught:
        path_of(name)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 150


@pytest.mark.skipif(sys.platform == "win32", reason="no locks to tell by")
def test_what_a_killed_run_left_goes_with_the_next(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from dicetalk.files import whole\n"
        "with whole(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "a.txt"], check=False)
    (left,) = tmp_path.iterdir()
    theirs = [tmp_path / name for name in (".dicetalk", "dicetalk-1.txt", ".hidden.txt", ".dicetalk-mine.txt")]
    for path in theirs:
        path.write_text("theirs")
    with whole(tmp_path / "b.txt") as living, whole(tmp_path / "c.txt"):
        assert not left.exists() and living.exists()
    assert sorted(tmp_path.iterdir()) == sorted([*theirs, tmp_path / "b.txt", tmp_path / "c.txt"])


def test_what_a_library_puts_in_its_place_is_not_taken_for_left_behind(tmp_path: Path) -> None:
    """safetensors writes another file and moves it there, so that the lock is on a file which is gone."""
    with whole(tmp_path / "a.txt") as hidden:
        (tmp_path / "other").write_text("new")
        (tmp_path / "other").replace(hidden)
        with whole(tmp_path / "b.txt"):
            assert hidden.exists()
    assert (tmp_path / "a.txt").read_text() == "new"


def test_what_is_hidden_already_is_written_in_place(tmp_path: Path) -> None:
    with taking_place(tmp_path / "a.txt") as hidden:
        with whole(hidden) as same:
            assert same == hidden
            same.write_text("new")
        assert hidden.exists()
    assert (tmp_path / "a.txt").read_text() == "new"


def test_files_that_are_larger_than_they_may_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(2_000_000))
    with pytest.raises(MediaError, match=r"has 2\.0 MB; expected at most 1 MB"):
        read_bytes(tmp_path / "a", 1_000_000)
    assert len(read_bytes(tmp_path / "a", 2_000_000)) == 2_000_000


def test_files_to_read(tmp_path: Path) -> None:
    (tmp_path / "full").write_text("x")
    (tmp_path / "empty").write_text("")
    assert existing_file(str(tmp_path / "full")) == tmp_path / "full"
    for name, says in (
        ("empty", r"is empty \(0 bytes\)"),
        ("gone", r"cannot be opened \(No such file"),
        (".", "is a folder; give a file"),
        ("no\0name", "is no name of a file"),
    ):
        with pytest.raises(MediaError, match=says):
            existing_file(tmp_path / name)


KINDS = {".txt": "text", ".md": "Markdown"}


def test_the_kind_of_an_output_is_its_suffix(tmp_path: Path) -> None:
    assert output_kind(tmp_path / "a.TXT", KINDS) == "text" and output_kind(tmp_path / "b.md", KINDS) == "Markdown"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a.csv", r"ends in '\.csv'; end the output name in \.txt, \.md"),
        ("a", r"ends in 'nothing'"),
        ("folder.txt", "is a folder; give the name of a file"),
        ("none/a.txt", "the folder .*none does not exist; make it first"),
        ("no\0name.txt", "is no name of a file"),
        ("old.txt", "is an input and would be overwritten; choose another output name"),
        ("link.txt", "is an input and would be overwritten"),
    ],
)
def test_outputs_that_are_refused(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "old.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "old.txt")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(MediaError, match=says):
        check_output(tmp_path / name, KINDS, [tmp_path / "gone.txt", tmp_path / "old.txt", Path("no\0name")])
    assert sorted(tmp_path.iterdir()) == before and (tmp_path / "old.txt").read_text() == "old"


def test_an_output_that_can_be_written_leaves_nothing_yet(tmp_path: Path) -> None:
    check_output(tmp_path / "a.txt", KINDS, [tmp_path / "gone.txt", Path("no\0name")])
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"no space left on .*; make room"), writing(tmp_path / "frames" / "f.png"):
        raise OSError(errno.ENOSPC, "No space left on device")
