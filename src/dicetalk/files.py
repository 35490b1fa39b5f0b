"""Files: found readable or writable before work begins, written whole or not at all."""

from __future__ import annotations

import errno
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dicetalk.errors import MediaError


def existing_file(path: str | Path) -> Path:
    """The path of a file that can be opened and is not empty, else `MediaError`."""
    path = Path(path)
    _check_name(path)
    try:
        if path.is_dir():
            raise MediaError(f"{path} is a folder; give a file")
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise MediaError(f"{path} cannot be opened ({error.strerror}); check the name") from error
    if empty:
        raise MediaError(f"{path} is empty (0 bytes); copy it again")
    return path


def at_home(path: str | Path) -> Path:
    """A path whose `~` or `~name` at the start, which a shell does not see inside a word, is that home.

    Raises:
        MediaError: nobody of that name has one.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise MediaError(f"{path} cannot be found (no such home); give the whole path") from error


def _check_name(path: Path) -> None:
    if "\0" in str(path):  # from JSON: a command line cannot hold one
        raise MediaError(f"{str(path)!r} is no name of a file; give another")


def output_kind(path: Path, kinds: dict[str, str]) -> str:
    """The format to write, by suffix; `MediaError` for another suffix, a folder, or a folder that is not there."""
    _check_name(path)
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise MediaError(f"{path} ends in {path.suffix or 'nothing'!r}; end the output name in {', '.join(kinds)}")
    with writing(path):
        if path.is_dir():
            raise MediaError(f"{path} is a folder; give the name of a file")
        if not path.parent.is_dir():
            raise MediaError(f"the folder {path.parent} does not exist; make it first")
    return kind


def claim_temporary(path: Path) -> Path:
    """Make an empty hidden file beside `path`, to be moved there when it is whole."""
    temporary = path.with_name(f".{secrets.token_hex(6)}{path.suffix}")
    with writing(path):
        temporary.touch(exist_ok=False)
    return temporary


@contextmanager
def taking_place(path: Path) -> Iterator[Path]:
    """An empty hidden file that takes the place of `path` when the block ends well, and is removed when it does not.

    What is raised inside passes through as it is: `whole` is for a block that only writes.

    Raises:
        MediaError: the file cannot be made or moved.
    """
    temporary = claim_temporary(path)
    try:
        yield temporary
        with writing(path):
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Where to write so that `path` is written whole or not at all: a hidden file that takes its place at the end.

    Raises:
        MediaError: says in one line why `path` cannot be written.
    """
    with taking_place(path) as temporary, writing(path):
        yield temporary


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in one line why `path` cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(path.parent).free // 2**20
            raise MediaError(f"no space left on {path.parent.absolute()} (free: {free} MB); make room") from error
        raise MediaError(f"{path} cannot be written ({error.strerror}); choose another place") from error


def check_output(path: Path, kinds: dict[str, str], inputs: Sequence[Path]) -> None:
    """Make sure that a file can be written, by making one beside it and taking it away again.

    Args:
        path: the file to write later.
        kinds: the suffixes it may have.
        inputs: files that must not be overwritten.

    Raises:
        MediaError: another suffix, no such folder, a folder that cannot be written, or one of the inputs.
    """
    output_kind(path, kinds)
    for source in inputs:
        if _same(path, source):
            raise MediaError(f"{path} is an input and would be overwritten; choose another output name")
    claim_temporary(path).unlink()


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # one of them is not there; if that is wrong, reading it says so
        return False
