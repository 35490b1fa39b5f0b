"""A file is written whole or not at all; why it cannot be is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicetalk.errors import MediaError
from dicetalk.files import check_output, existing_file, output_kind, taking_place, whole


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
        pytest.raises(MediaError, match=r"out\.txt cannot be written .*; choose another place"),
        whole(tmp_path / "none" / "out.txt"),
    ):
        pass


def test_errors_of_a_block_that_does_more_than_write_pass_through(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), taking_place(tmp_path / "out.txt"):
        (tmp_path / "gone.txt").read_text()
    assert not list(tmp_path.iterdir())


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
