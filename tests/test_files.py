"""A file is written whole or not at all; why it cannot be is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicetalk.errors import MediaError
from dicetalk.files import taking_place, whole


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
