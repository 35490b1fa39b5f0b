"""Every exception DiceTalk raises on purpose, drawn as a tree.

    DiceTalkError
    ├── InputError              what the user gave cannot be used (exit code 2)
    │   ├── MediaError          a picture, sound or video cannot be read or written
    │   │   └── TooLargeError   there is more of it than is read
    │   ├── NoFaceError         no usable face in the picture
    │   └── EmotionError        the emotion cannot be understood
    ├── ConfigError             an option or a configuration file is wrong (exit code 2)
    ├── CheckpointError         weights are missing, truncated or of another shape (exit code 2)
    └── MissingExtraError       an optional dependency is not installed (exit code 2)

Messages are one line: what was found, what was expected, what to do next.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class DiceTalkError(Exception):
    """Base of every exception raised on purpose.

    Attributes:
        field: of a job that it is about; None where that is not known, or it is about several.
    """

    field: str | None = None

    def __str__(self) -> str:
        """The message, in one line even where a name in it has several."""
        return " ".join(super().__str__().splitlines())

    def to_json(self) -> dict[str, object]:
        """The record of what failed: its line, and its kind."""
        return {"error": str(self), "kind": type(self).__name__}


class InputError(DiceTalkError):
    """What the user gave cannot be used."""


class MediaError(InputError):
    """A picture, sound or video cannot be read or written."""


class TooLargeError(MediaError):
    """There is more of a picture, sound or text than is read."""


class NoFaceError(InputError):
    """No usable face in the picture.

    Attributes:
        faces: what was found, left to right, as `(left, top, right, bottom)` boxes [px].
    """

    def __init__(self, message: str, faces: list[tuple[int, int, int, int]] | None = None) -> None:
        super().__init__(message)
        self.faces = faces or []

    def to_json(self) -> dict[str, object]:
        """The record, with the boxes of the faces that were found."""
        return super().to_json() | {"faces": [list(box) for box in self.faces]}


class EmotionError(InputError):
    """The emotion cannot be understood."""


class ConfigError(DiceTalkError):
    """An option or a configuration file is wrong."""


class CheckpointError(DiceTalkError):
    """Weights are missing, truncated or of another shape."""


class MissingExtraError(DiceTalkError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; run: {how_to_get(extra)}")


@contextmanager
def about(field: str) -> Iterator[None]:
    """What is raised meanwhile is about this field of a job, unless it names another one."""
    try:
        yield
    except DiceTalkError as error:
        error.field = error.field or field
        raise


@contextmanager
def naming(file: object) -> Iterator[None]:
    """What a picture lacks of a face is told with the name of its file; None where it has none."""
    try:
        yield
    except NoFaceError as error:
        if file is not None:
            error.args = (f"{file}: {error}",)
        raise


def how_to_get(extra: str) -> str:
    """How an extra is installed: from the clone, since no package of this name is published."""
    return f"pip install -e '.[{extra}]' in the clone of DiceTalk"


def require(package: str, extra: str) -> None:
    """Make sure that an optional dependency is there, before work begins that needs it.

    Raises:
        MissingExtraError: it is not installed; says which extra brings it.
    """
    if find_spec(package) is None:
        raise MissingExtraError(package, extra)


_SHARED_LIBRARY = re.compile(r"\blib[\w+.-]*\.so[.\d]*")


def missing_library(error: ImportError) -> str | None:
    """What to do when a system library is missing; None for any other import error."""
    found = _SHARED_LIBRARY.search(str(error))
    if found is None:
        return None
    return f"the system library {found.group()} is missing or cannot be loaded; install the system package that has it"
