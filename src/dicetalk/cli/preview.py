"""A rough look at a clip while it is denoised: a contact sheet that is written again after each step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CELLS, COLUMNS = 8, 4
CELL = 256
"""Long side of a picture on the sheet [px]."""


def write_preview(path: Path, frames: NDArray[np.uint8]) -> None:
    """Write a sheet of frames `(T, h, w, 3)` spread over the clip.

    Raises:
        MediaError: it cannot be written.
    """
    import numpy as np

    from dicetalk.media import write_picture

    count = min(CELLS, len(frames))
    picked = [_enlarged(frames[int((cell + 0.5) * len(frames) / count)]) for cell in range(count)]
    picked += [np.zeros_like(picked[0])] * (-count % min(COLUMNS, count))
    rows = [np.hstack(picked[start : start + COLUMNS]) for start in range(0, len(picked), COLUMNS)]
    write_picture(path, np.vstack(rows))


def _enlarged(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import numpy as np
    from PIL import Image

    height, width = frame.shape[:2]
    scale = CELL / max(height, width)
    size = (round(width * scale), round(height * scale))
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC))
