"""A folder of prepared data says by what it was made, and goes on with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicetalk.data.provenance import RECORD, claim, read_record, write_record
from dicetalk.errors import InputError


def test_it_goes_on_with_the_same(tmp_path: Path) -> None:
    assert claim(tmp_path / "a", {"hours": 2.0}, False) == {"hours": 2.0}
    write_record(tmp_path / "a", {"hours": 2.0, "voices": ["x"]})
    assert claim(tmp_path / "a", {"hours": 2.0}, True) == {"hours": 2.0, "voices": ["x"]}
    with pytest.raises(InputError, match=r"was made with hours 2\.0, not 3\.0"):
        claim(tmp_path / "a", {"hours": 3.0}, True)


def test_it_was_made_of_something_else(tmp_path: Path) -> None:
    claim(tmp_path, {"hours": 2.0}, False)
    with pytest.raises(InputError, match=r"was made of other material; give another folder"):
        claim(tmp_path, {"seed": 0}, True)


def test_files_of_somebody_else(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing says how they were made"):
        claim(tmp_path, {"hours": 2.0}, True)
    assert read_record(tmp_path) is None


@pytest.mark.parametrize("held", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_record_that_is_damaged(held: bytes, tmp_path: Path) -> None:
    (tmp_path / RECORD).write_bytes(held)
    with pytest.raises(InputError, match=r"made\.json"):
        claim(tmp_path, {"hours": 2.0}, True)
