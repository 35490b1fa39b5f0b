"""Contact sheets: a few frames of a clip beside each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from dicetalk.arrays import Picture
from dicetalk.media.picture import write_picture

CELLS, COLUMNS = 8, 4
CELL = 256
"""Long side of a picture on a preview [px]."""


Mark = Callable[[Path], None]
"""What puts marks of origin on a finished file."""


def write_sheet(path: Path, cells: Sequence[Picture], mark: Mark | None = None) -> None:
    """Write pictures of one size (H, W, 3) in rows of at most four, and mark the sheet.

    Raises:
        MediaError: it cannot be written.
    """
    across = min(COLUMNS, len(cells))
    filled = [*cells, *[np.zeros_like(cells[0])] * (-len(cells) % across)]
    rows = [np.hstack(filled[start : start + across]) for start in range(0, len(filled), across)]
    write_picture(path, np.vstack(rows), mark)


def spread(frames: int, cells: int = CELLS) -> list[int]:
    """Numbers of at most so many frames, spread evenly over a clip."""
    count = min(cells, frames)
    return [int((cell + 0.5) * frames / count) for cell in range(count)]


def write_preview(path: Path, frames: Picture, mark: Mark | None = None) -> None:
    """Write a sheet of frames `(T, h, w, 3)` spread over the clip, and mark it.

    Raises:
        MediaError: it cannot be written.
    """
    write_sheet(path, [_enlarged(frames[number]) for number in spread(len(frames))], mark)


def _enlarged(frame: Picture) -> Picture:
    height, width = frame.shape[:2]
    scale = CELL / max(height, width)
    size = (round(width * scale), round(height * scale))
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC))
