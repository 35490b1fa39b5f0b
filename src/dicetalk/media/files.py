"""What every medium shares: names of files, temporary files moved into place, containers opened and decoded."""

from __future__ import annotations

import errno
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer

from dicetalk.errors import MediaError


def existing_file(path: str | Path) -> Path:
    """The path of a file that can be opened and is not empty, else `MediaError`."""
    path = Path(path)
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


def output_kind(path: Path, kinds: dict[str, str]) -> str:
    """The format to write, by suffix; `MediaError` for another suffix, a folder, or a folder that is not there."""
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
    except (av.FFmpegError, OSError) as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(path.parent).free // 2**20
            raise MediaError(f"no space left on {path.parent.absolute()} (free: {free} MB); make room") from error
        raise MediaError(f"{path} cannot be written ({error.strerror}); choose another place") from error


def one_line(error: Exception) -> str:
    """What an exception of a library says, without line breaks or its own copy of the file name."""
    text = error.strerror if isinstance(error, av.FFmpegError) else str(error)
    return " ".join(str(text).split()) or type(error).__name__


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open for demuxing. Only this very file: a playlist may not reach out to the network."""
    try:
        container = av.open(
            str(path.absolute()), mode="r", metadata_errors="replace", options={"protocol_whitelist": "file"}
        )
    except (av.FFmpegError, ValueError) as error:
        reason = one_line(error)
        raise MediaError(
            f"{path} is no sound or video that can be read ({reason}); convert it to WAV or MP4"
        ) from error
    with container:
        yield container


def decoded(
    path: Path, container: InputContainer, stream: av.AudioStream | av.VideoStream
) -> Iterator[av.AudioFrame | av.VideoFrame]:
    """Decode one stream. As in every player a few damaged packets are skipped; one in ten is too much."""
    good, bad, reason = 0, 0, ""
    packets = container.demux(stream)
    while True:
        packet, frames = None, []
        try:
            packet = next(packets, None)
            frames = packet.decode() if packet is not None else []
            good += bool(frames)
        except (av.FFmpegError, ValueError) as error:
            bad, reason = bad + 1, one_line(error)
        yield from (frame for frame in frames if isinstance(frame, av.AudioFrame | av.VideoFrame))
        if packet is None:
            break
    if bad * 10 > good:
        raise MediaError(f"{path} is damaged or its codec cannot be read ({reason}); convert it to WAV or MP4")
