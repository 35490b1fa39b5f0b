"""Checkpoint folders: opened by kind and version; each way in which one is none is told in a line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dicetalk.checkpoints import CONFIG, kind_of, open_checkpoint, write_config
from dicetalk.errors import CheckpointError, MediaError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint of kind "toy", version 2."""
    write_config(tmp_path, "toy", 2, {"width": 8, "names": ["Zoë"]})
    return tmp_path


def test_what_is_written_is_opened(folder: Path) -> None:
    found = open_checkpoint(folder, "toy", 2)
    assert found.folder == folder and found.file("net") == folder / "net.safetensors"
    assert (found.config["width"], found.config["names"]) == (8, ["Zoë"])
    assert kind_of(folder) == "toy"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / CONFIG)
    with pytest.raises(CheckpointError, match="is a pipe"):
        kind_of(tmp_path)


def test_writing_again_replaces_and_leaves_nothing_beside(folder: Path) -> None:
    write_config(folder, "toy", 3, {})
    assert open_checkpoint(folder, "toy", 3).config.get("width") is None
    assert [file.name for file in folder.iterdir()] == [CONFIG]


def test_a_folder_that_is_not_there_cannot_be_completed(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"the folder .*none does not exist; make it first"):
        write_config(tmp_path / "none", "toy", 1, {})


def test_another_kind_or_version(folder: Path) -> None:
    with pytest.raises(CheckpointError, match=r"does not hold a svd checkpoint; its config\.json says 'toy'"):
        open_checkpoint(folder, "svd", 2)
    with pytest.raises(CheckpointError, match="is of version 2; this DiceTalk reads version 1"):
        open_checkpoint(folder, "toy", 1)


BAD: dict[str, tuple[bytes | None, str]] = {
    "no config": (None, r"has no config\.json: not a checkpoint, or one not completely written"),
    "empty": (b"", r"is empty \(0 bytes\)"),
    "cut short": (b'{"kind": "toy", "ver', "is not valid JSON .*; write the checkpoint again"),
    "brackets": (b"[" * 100_000, "is not valid JSON"),
    "a long number": (b'{"kind": ' + b"9" * 5000 + b"}", "is not valid JSON"),
    "not a number": (b'{"kind": "toy", "version": NaN}', "NaN is no number"),
    "beyond numbers": (b'{"kind": "toy", "version": -Infinity}', "-Infinity is no number"),
    "large": (b" " * 2_000_000, "expected at most 1 MB"),
    "not UTF-8": (b'{"kind": "\xff"}', "is not valid JSON"),
    "a list": (b'["toy", 2]', "holds a list; expected an object with a kind"),
    "a word": (b'"toy"', "holds a str; expected an object"),
}


@pytest.mark.parametrize("what", BAD)
def test_folders_that_are_no_checkpoint(what: str, tmp_path: Path) -> None:
    content, says = BAD[what]
    if content is not None:
        (tmp_path / CONFIG).write_bytes(content)
    for read in (kind_of, lambda folder: open_checkpoint(folder, "toy", 2)):
        with pytest.raises(CheckpointError, match=says) as caught:
            read(tmp_path)
        assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


def test_no_folder(folder: Path) -> None:
    for path in (folder / "none", folder / CONFIG):
        with pytest.raises(CheckpointError, match=r"no folder .*; pass the folder of a checkpoint"):
            kind_of(path)


def test_one_that_tells_no_kind(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text("{}", encoding="utf-8")
    with pytest.raises(CheckpointError, match="says None"):
        open_checkpoint(tmp_path, "toy", 2)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 19, "9" * 4000, "NaN", "Infinity"])
def test_numbers_that_no_computer_has(folder: Path, number: str) -> None:
    (folder / CONFIG).write_text(f'{{"kind": "toy", "version": 2, "levels": [{number}]}}')
    with pytest.raises(CheckpointError, match="not valid JSON") as raised:
        open_checkpoint(folder, "toy", 2)
    assert len(str(raised.value)) < 300
