"""Frames as numbered PNG files: all of them, or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from PIL import Image

from dicetalk.arrays import Picture
from dicetalk.errors import MediaError
from dicetalk.files import check_place, claimed_folder, writing

COMPRESSION = 1
"""Of zlib, 0 to 9: more takes longer than drawing."""

_NUMBER = re.compile(r"%0?(\d)?d")


def is_numbered(path: Path) -> bool:
    """Whether a name stands for one picture a frame, as `frames_%05d.png` does."""
    return path.suffix.lower() == ".png" and len(_NUMBER.findall(path.name)) == path.name.count("%") == 1


def check_numbered(path: Path) -> None:
    """Make sure that numbered pictures can be written, in a folder that is there or can be made.

    Raises:
        MediaError: they cannot, or there are some already: another clip's frames must not get among them.
    """
    folder = path.parent
    if not folder.is_dir():
        check_place(folder, replace=False)
    found = next(numbered_in(path), None)
    if found is not None:
        raise MediaError(f"{found} is there already; give another name, or remove the frames")


def numbered_in(path: Path) -> Iterator[Path]:
    """The numbered pictures that are there."""
    if not path.parent.is_dir():
        return
    before, after = _NUMBER.sub("\0", path.name).split("\0")
    alike = re.compile(re.escape(before) + r"\d+" + re.escape(after))
    yield from (file for file in sorted(path.parent.iterdir()) if alike.fullmatch(file.name))


class FrameWriter:
    """Write frames as PNG, numbered from 0: `with FrameWriter(Path("frames/frame_%05d.png")) as video: ...`.

    They appear under their names when the block ends well, and not at all otherwise. The folder is made if need be.

    Args:
        path: the name of the pictures, with a number in it.
        mark: is called with each finished file before it gets its name; may write it anew.

    Raises:
        MediaError: they cannot be written, or there are some already.
    """

    def __init__(self, path: Path, mark: Callable[[Path], None] | None = None) -> None:
        check_numbered(path)
        self._path, self._written, self._mark = path, 0, mark

    def __enter__(self) -> Self:
        self._life = self._open()
        return self._life.__enter__()

    def write(self, frames: Picture) -> None:
        """Append uint8 frames, `(t, H, W, 3)` RGB, or `(t, H, W, 4)` with how much each pixel covers.

        Raises:
            MediaError: disk full.
        """
        with writing(self._path):
            for frame in frames:
                file = self._hidden / (self._path.name % self._written)
                Image.fromarray(frame).save(file, format="PNG", compress_level=COMPRESSION)
                if self._mark is not None:
                    self._mark(file)
                self._written += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._life.__exit__(kind, error, trace)

    @contextmanager
    def _open(self) -> Iterator[Self]:
        """From the first frame to the last, in a hidden folder beside theirs."""
        folder = self._path.parent
        with claimed_folder(folder.absolute().parent) as self._hidden:
            yield self
            with writing(self._path):
                folder.mkdir(exist_ok=True)
                for file in sorted(self._hidden.iterdir()):
                    file.replace(folder / file.name)
