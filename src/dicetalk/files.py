"""Files: found readable or writable before work begins, written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from dicetalk.checks import short
from dicetalk.errors import MediaError

if sys.platform != "win32":
    import fcntl

PathLike = str | os.PathLike[str]

HIDDEN = ".dicetalk-"
"""How the names of unfinished files begin."""


MOST_NAME = 4096
"""Of a path [characters]: no system opens longer ones."""


def path_of(name: object) -> Path:
    """The path that a name stands for.

    Raises:
        MediaError: it is no text and no path, empty, too long for any system, holds a null character, or ends as the
            names of folders do.
    """
    if not isinstance(name, str | os.PathLike) or not isinstance(text := os.fspath(name), str):
        raise MediaError(f"{short(name)} is no name of a file; expected text or a path")
    if not text.strip():
        raise MediaError("the name of a file is empty; give one")
    if len(text) > MOST_NAME:
        raise MediaError(
            f"the name of a file has {len(text)} characters ({text[:40]}...); expected at most {MOST_NAME}"
        )
    if "\0" in text:  # from JSON: a command line cannot hold one
        raise MediaError(f"{text!r} is no name of a file; give another")
    if text.endswith(_SEPARATORS):
        raise MediaError(f"{text} names a folder; give the name of a file, without the last {text[-1]}")
    return Path(text)


FRAME = "frame_%05d.png"
"""The names of frames in a folder, numbered from 0."""


def video_path_of(name: object) -> Path:
    """The path of a video to write, as `path_of`; the name of a folder stands for numbered pictures in it.

    Raises:
        MediaError: as `path_of`; a name with a suffix is none of a folder.
    """
    if isinstance(name, str) and name.strip() and name.endswith(_SEPARATORS) and not Path(name).suffix:
        return path_of(name + FRAME)
    return path_of(name)


_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))


def existing_file(path: PathLike, most: int | None = None) -> Path:
    """The path of a file that can be opened and is not empty, nor larger than `most` [bytes], else `MediaError`.

    What is no file, a pipe or a device, is refused and not waited for.
    """
    path = path_of(path)
    try:
        found = path.stat()
        _check_regular(path, found.st_mode)
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise MediaError(f"{path} cannot be opened ({error.strerror}); check the name") from error
    if empty:
        raise MediaError(f"{path} is empty (0 bytes); copy it again")
    if most is not None and found.st_size > most:
        raise MediaError(f"{path} has {found.st_size / 1e6:.1f} MB; expected at most {most / 1e6:g} MB")
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


def read_bytes(path: PathLike, most: int) -> bytes:
    """What a file holds, at most `most` bytes; `MediaError` as `existing_file`."""
    path = existing_file(path, most)
    try:
        return path.read_bytes()
    except OSError as error:
        raise MediaError(f"{path} cannot be read ({error.strerror}); copy it again") from error


KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a link",
}
"""What lies in folders beside files and folders."""


def _check_regular(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise MediaError(f"{path} is a folder; give a file")
    if not stat.S_ISREG(mode):
        what = KINDS.get(stat.S_IFMT(mode), "no file")
        raise MediaError(f"{path} is {what}; save what it gives to a file, and give that")


def output_kind(path: PathLike, kinds: dict[str, str], replace: bool = True) -> str:
    """The format to write, by suffix; `MediaError` for another suffix, or a place that `check_place` refuses."""
    path = path_of(path)
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise MediaError(f"{path} ends in {path.suffix or 'nothing'!r}; end the output name in {', '.join(kinds)}")
    check_place(path, replace)
    return kind


def check_place(path: Path, replace: bool = True) -> None:
    """Make sure that a file may be written here.

    Args:
        path: the file to write later.
        replace: whether it may take the place of another file.

    Raises:
        MediaError: there is a folder, a device, a pipe, a link or, without `replace`, a file of that name; or its
            folder is not there.
    """
    with writing(path):
        if not path.parent.is_dir():
            raise MediaError(f"the folder {path.parent} does not exist; make it first")
        with suppress(FileNotFoundError):
            _check_replaced(path, path.lstat().st_mode, replace)


def _check_replaced(path: Path, mode: int, replace: bool) -> None:
    if stat.S_ISDIR(mode):
        raise MediaError(f"{path} is a folder; give the name of a file")
    if stat.S_ISLNK(mode):
        raise MediaError(f"{path} is a link to {path.readlink()}, which would be lost; give another output name")
    if not stat.S_ISREG(mode):
        what = KINDS.get(stat.S_IFMT(mode), "no file")
        raise MediaError(f"{path} is {what}, which no file may replace; give another output name")
    if not replace:
        raise MediaError(f"{path} is there already; give an output name with -o, or --force to replace it")


@contextmanager
def claimed(path: Path) -> Iterator[Path]:
    """An empty hidden file beside `path`, locked while the block runs and named after this process: if it ever lies
    there without lock and process, whoever made it was killed, and the next one who writes into the folder removes it.

    Both are needed: libraries that put a file of their own in its place lose the lock, numbers of processes come again.

    Raises:
        MediaError: the file cannot be made.
    """
    with writing(path):
        remove_abandoned(path.parent)
        temporary, handle = _new(path.parent, path.suffix, _file)
    try:
        yield temporary
    finally:
        if handle is not None:
            os.close(handle)


@contextmanager
def claimed_folder(parent: Path) -> Iterator[Path]:
    """An empty hidden folder in another, claimed as a file is by `claimed`, and removed when the block ends.

    Raises:
        MediaError: it cannot be made.
    """
    with writing(parent):
        remove_abandoned(parent)
        folder, handle = _new(parent, "", _folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def _new(folder: Path, suffix: str, make: Callable[[Path], int | None]) -> tuple[Path, int | None]:
    """What is made under a new hidden name, and the handle that holds its lock, if there is one."""
    while True:
        temporary = folder / f"{HIDDEN}{os.getpid()}-{secrets.token_hex(6)}{suffix}"
        handle = make(temporary)
        if handle is None:
            return temporary, None
        if sys.platform != "win32":
            with suppress(OSError):  # a kind of disk that knows no locks: nobody will remove it there either
                fcntl.flock(handle, fcntl.LOCK_EX)
        if temporary.exists():  # else another one has removed it before it was locked
            return temporary, handle
        os.close(handle)


def _file(path: Path) -> int | None:
    """Make a file; on Windows, where an open one cannot be moved, it is closed at once."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    if sys.platform != "win32":
        return handle
    os.close(handle)
    return None


def _folder(path: Path) -> int | None:
    """Make a folder; on Windows there is no handle of one."""
    path.mkdir()
    if sys.platform == "win32":
        return None
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:  # another one has removed it before it was locked
        return _folder(path)


def _is_abandoned(path: Path) -> bool:
    """Whether a file has a name that we give, of a process that does not run."""
    named = re.fullmatch(rf"{re.escape(HIDDEN)}(\d+)-[0-9a-f]{{12}}(\..*)?", path.name)
    if named is None:
        return False
    try:
        os.kill(int(named[1]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # it is another user's, or no number of a process
        return False
    return False


def remove_abandoned(folder: Path) -> None:
    """Remove what runs that were killed have left in a folder: files, and folders with nothing but frames in them."""
    if sys.platform != "win32":
        for path in filter(_is_abandoned, folder.glob(f"{HIDDEN}*")):
            with suppress(OSError):  # somebody has its lock, or it is not ours to write
                way = os.O_RDONLY | os.O_DIRECTORY if path.is_dir() else os.O_RDWR | os.O_NONBLOCK
                handle = os.open(path, way | os.O_NOFOLLOW)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _remove(path, os.fstat(handle).st_mode)
                finally:
                    os.close(handle)


def _remove(path: Path, mode: int) -> None:
    if stat.S_ISREG(mode):
        path.unlink()
    elif stat.S_ISDIR(mode):
        for frame in path.glob("*.png"):
            frame.unlink()
        path.rmdir()


@contextmanager
def taking_place(path: Path, replace: bool = True) -> Iterator[Path]:
    """An empty hidden file that takes the place of `path` when the block ends well, and is removed when it does not.

    What is raised inside passes through as it is: `whole` is for a block that only writes. A `path` that is such a
    hidden file itself is written in its place.

    Args:
        path: the file to write.
        replace: whether it may take the place of another file.

    Raises:
        MediaError: the file cannot be made or moved.
    """
    if path.name.startswith(HIDDEN):
        yield path
        return
    check_place(path, replace)
    with claimed(path) as temporary:
        try:
            yield temporary
            with writing(path):
                check_place(path, replace)  # once more: the work may have taken long
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
            folder = next(folder for folder in path.absolute().parents if folder.is_dir())
            free = shutil.disk_usage(folder).free // 2**20
            raise MediaError(f"no space left on {folder} (free: {free} MB); make room") from error
        raise MediaError(f"{path} cannot be written ({error.strerror}); choose another place") from error


def check_output(path: Path, kinds: dict[str, str], inputs: Sequence[Path], replace: bool = True) -> None:
    """Make sure that a file can be written, by making one beside it and taking it away again.

    Args:
        path: the file to write later.
        kinds: the formats by suffix.
        inputs: files that must not be overwritten.
        replace: whether it may take the place of another file.

    Raises:
        MediaError: another suffix, no such folder, a folder that cannot be written, one of the inputs, or a place that
            `check_place` refuses.
    """
    for source in inputs:
        if same_file(path, source):
            raise MediaError(f"{path} is an input and would be overwritten; choose another output name")
    output_kind(path, kinds, replace)
    with claimed(path) as temporary:
        temporary.unlink()


def same_file(one: Path, other: Path) -> bool:
    """Whether two names stand for one file that is there."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # one of them is not there; if that is wrong, reading it says so
        return False


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a file, made if there is none, against other processes; gives False where another one holds it.

    Windows and some kinds of disk know no such locks: there it is always held.
    """
    with path.open("w") as file:
        yield _is_locked(file)


def _is_locked(file: IO[str]) -> bool:
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
