"""Contact sheets: frames spread over a clip, in rows of four."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicetalk.errors import MediaError
from dicetalk.media import Picture, read_picture
from dicetalk.media.sheet import CELL, CELLS, spread, write_preview, write_sheet


def cell(shade: int, height: int = 40, width: int = 60) -> Picture:
    return np.full((height, width, 3), shade, np.uint8)


@given(st.integers(1, 5000), st.integers(1, 20))
def test_frames_are_spread_evenly(frames: int, cells: int) -> None:
    found = spread(frames, cells)
    assert len(found) == min(frames, cells) == len(set(found))
    assert found == sorted(found) and found[0] >= 0 and found[-1] < frames
    gaps = np.diff([-found[0] - 1, *found, 2 * frames - found[-1]])  # the ends are half a gap away
    assert gaps.max() - gaps.min() <= 2


def test_few_frames_are_all_there() -> None:
    assert spread(3) == [0, 1, 2] and len(spread(1000)) == CELLS


@pytest.mark.parametrize(
    ("count", "shape"), [(1, (40, 60)), (3, (40, 180)), (4, (40, 240)), (5, (80, 240)), (8, (80, 240))]
)
def test_a_sheet_has_rows_of_four(tmp_path: Path, count: int, shape: tuple[int, int]) -> None:
    write_sheet(tmp_path / "sheet.png", [cell(20 * n + 20) for n in range(count)])
    sheet = read_picture(tmp_path / "sheet.png")
    assert sheet.shape == (*shape, 3)
    for n in range(count):
        down, across = divmod(n, 4)
        assert (sheet[40 * down : 40 * down + 40, 60 * across : 60 * across + 60] == 20 * n + 20).all()
    if count == 5:
        assert not sheet[40:, 60:].any()  # what is left of the last row is black


def test_a_preview_enlarges_small_frames(tmp_path: Path) -> None:
    frames = np.stack([cell(shade, 8, 6) for shade in range(10, 110, 10)])
    write_preview(tmp_path / "look.png", frames)
    sheet = read_picture(tmp_path / "look.png")
    assert sheet.shape == (2 * CELL, 4 * CELL * 6 // 8, 3)
    shades = [int(sheet[CELL // 2 + CELL * (n // 4), 96 + 192 * (n % 4), 0]) for n in range(CELLS)]
    assert shades == [10 * (n + 1) for n in spread(10)]


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"the folder .* does not exist"):
        write_sheet(tmp_path / "none" / "sheet.png", [cell(1)])
    assert not list(tmp_path.iterdir())
