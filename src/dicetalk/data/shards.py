"""Prepared films packed into shards, and shards fetched from a folder or from object storage while a run learns.

A shard is a tar file of clips' files, all clips of a person in one, as `latents.py` describes them; other tools read it
as well. A file beside each says what is in it, and of what it was packed; `shards.json`, written last, says it of all.
Places are those of fsspec: a folder,
https://..., s3://... (which needs its own package).
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import tarfile
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from dicetalk.data.latents import SUFFIX, LatentClip, read_clips
from dicetalk.data.workers import spread
from dicetalk.errors import InputError
from dicetalk.files import remove_abandoned, whole, writing

INDEX = "shards.json"
ENTRY = ".json"
"""Suffix of the file beside a shard."""
PIECE = 1 << 20
"""Bytes that are read at a time."""
NAME = r"\d+(\.tar|\.safetensors)"
"""Of a shard, or of a file in one."""
DONE = "complete"
"""An empty file in the folder of a shard that was fetched as a whole."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A clip in a shard; as `LatentClip`, but for its path.

    Attributes:
        name: of its file.
    """

    name: str
    frames: int
    identity: str
    emotion: str
    level: int
    corpus: str
    encoder: str

    def at(self, folder: Path) -> LatentClip:
        """The clip once its file lies in a folder."""
        told = {key: value for key, value in asdict(self).items() if key != "name"}
        return LatentClip(path=folder / self.name, **told)


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A shard.

    Attributes:
        name: of its file.
        digest: SHA-256 of that, in hexadecimal.
        clips: what is in it.
        source: SHA-256 over names, sizes and times of the files that it was packed of, in hexadecimal.
        size: of its file [bytes].
    """

    name: str
    digest: str
    clips: tuple[Packed, ...] = field(default=())
    source: str = ""
    size: int = 0


def write_shards(
    folders: Sequence[Path], out: Path, size: int, workers: int = 1, progress: Progress | None = None
) -> int:
    """Pack prepared films into shards of about so many bytes; gives how many there are.

    Those that are there of the same files stay, and those of an earlier packing that are too many go.

    Raises:
        InputError: a folder holds no latents, or one that is damaged.
        MediaError: a shard cannot be written.
    """
    clips = sorted(read_clips(folders), key=lambda clip: (clip.identity, clip.path.name))
    groups = list(_groups(clips, size))
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    before = _names(out)
    with closing(_shards(groups, out, workers)) as made:
        shards = []
        for shard in made:
            shards.append(shard)
            if progress is not None:
                progress(len(shards), len(groups))
    with whole(out / INDEX) as hidden:
        hidden.write_text(json.dumps({"shards": [asdict(shard) for shard in shards]}) + "\n", encoding="utf-8")
    for name in before - {shard.name for shard in shards}:
        for file in (out / name, (out / name).with_suffix(ENTRY)):
            file.unlink(missing_ok=True)
    return len(shards)


def _names(out: Path) -> set[str]:
    """Of the shards that an earlier packing has left in a folder."""
    try:
        return {shard.name for shard in read_shards(str(out))} if (out / INDEX).exists() else set()
    except InputError:
        return set()


def _shards(groups: Sequence[list[LatentClip]], out: Path, workers: int) -> Generator[Shard, None, None]:
    """Each group's shard, in order."""
    items = [(out / f"{number:05d}.tar", group) for number, group in enumerate(groups)]
    if workers == 1:
        yield from map(_shard, items)
        return
    try:
        with closing(spread(_shard, items, workers, at_once=1)) as made:
            yield from made
    finally:  # a worker that was stopped could not
        remove_abandoned(out)


def _shard(item: tuple[Path, list[LatentClip]]) -> Shard:
    """What is said of a shard, which is packed unless it is there, of the same files."""
    path, clips = item
    source = _source(clips)
    there = _entry(path)
    if there is not None and there.source == source:
        return there
    shard = replace(_write_shard(path, clips), source=source, size=path.stat().st_size)
    with whole(path.with_suffix(ENTRY)) as hidden:
        hidden.write_text(json.dumps(asdict(shard)) + "\n", encoding="utf-8")
    return shard


def _source(clips: Sequence[LatentClip]) -> str:
    told = [[clip.path.name, clip.path.stat().st_size, clip.path.stat().st_mtime_ns] for clip in clips]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _entry(path: Path) -> Shard | None:
    """What the file beside a shard says; None where there is none, or no such shard."""
    try:
        said = path.with_suffix(ENTRY)
        shard = _told(json.loads(said.read_bytes()))
        is_later = path.stat().st_mtime_ns > said.stat().st_mtime_ns  # packed, and stopped before it was said of what
        return None if is_later or (shard.name, shard.size) != (path.name, path.stat().st_size) else shard
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _told(each: dict[str, Any]) -> Shard:
    """A shard, as JSON tells it."""
    return Shard(**{**each, "clips": tuple(Packed(**clip) for clip in each["clips"])})


def _groups(clips: Sequence[LatentClip], size: int) -> Iterator[list[LatentClip]]:
    """Clips of about so many bytes together, a person's never apart."""
    group: list[LatentClip] = []
    held = 0
    for number, clip in enumerate(clips):
        if group and held >= size and clip.identity != clips[number - 1].identity:
            yield group
            group, held = [], 0
        group.append(clip)
        held += clip.path.stat().st_size
    yield group


def _write_shard(path: Path, clips: Sequence[LatentClip]) -> Shard:
    """Write a shard, the same bytes for the same clips; gives what it holds."""
    packed = [_packed(number, clip) for number, clip in enumerate(clips)]
    with whole(path) as hidden, tarfile.open(hidden, "w", format=tarfile.USTAR_FORMAT) as tar:
        for clip, told in zip(clips, packed, strict=True):
            member = tarfile.TarInfo(told.name)
            member.size = clip.path.stat().st_size
            with clip.path.open("rb") as file:
                tar.addfile(member, file)
    with path.open("rb") as file:
        return Shard(name=path.name, digest=hashlib.file_digest(file, "sha256").hexdigest(), clips=tuple(packed))


def _packed(number: int, clip: LatentClip) -> Packed:
    told = {key: value for key, value in asdict(clip).items() if key not in ("path", "begin")}
    return Packed(name=f"{number:05d}{SUFFIX}", **told)


def read_shards(place: str) -> list[Shard]:
    """What a place says of its shards.

    Raises:
        InputError: there are none, or what is said of them is damaged.
    """
    address = _inside(place, INDEX)
    try:
        with _opened(address) as file:
            told = json.load(file)["shards"]
        shards = [_told(each) for each in told]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{address} is damaged ({type(error).__name__}); pack the shards again") from None
    names = [name for shard in shards for name in (shard.name, *(clip.name for clip in shard.clips))]
    if not all(re.fullmatch(NAME, str(name)) for name in names):  # they become names of files here
        raise InputError(f"{address} tells of files with other names than we give; pack the shards again")
    if not shards or not all(shard.clips for shard in shards):
        raise InputError(f"{address} tells of no clips; pack the shards again: `dicetalk prepare shards`")
    return shards


def _inside(place: str, name: str) -> str:
    return f"{place.rstrip('/')}/{name}"


def _opened(address: str) -> IO[bytes]:
    """A file at an address, to be read from its beginning on."""
    import fsspec

    try:
        file: IO[bytes] = fsspec.open(address, "rb").open()
    except ImportError as error:
        raise InputError(f"{address} needs another package ({error}); install it, or copy the shards here") from None
    except Exception as error:  # every kind of storage raises classes of its own
        raise InputError(f"{address} cannot be opened ({_brief(error)}); check the address") from None
    return file


def _brief(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]


def fetch(place: str, shard: Shard, folder: Path, names: Collection[str] | None = None) -> list[LatentClip]:
    """The clips of a shard, or those of some names; their files are put into a folder, if they are not there yet.

    Raises:
        InputError: the shard cannot be read, or is not what was packed.
        MediaError: the folder cannot be written.
    """
    wanted = [clip for clip in shard.clips if names is None or clip.name in names]
    if not (folder / DONE).exists():
        shutil.rmtree(folder, ignore_errors=True)
        with writing(folder):
            folder.mkdir(parents=True)
        _unpack(_inside(place, shard.name), shard, folder, {clip.name for clip in wanted})
        with writing(folder):
            (folder / DONE).touch()
    return [clip.at(folder) for clip in wanted]


def _unpack(address: str, shard: Shard, folder: Path, names: Collection[str]) -> None:
    """Put files of a shard into a folder, while it is read, once, from its beginning to its end."""
    found = set()
    with _opened(address) as file:
        watched = _Watched(file)
        try:
            with tarfile.open(fileobj=io.BufferedReader(watched, PIECE), mode="r|") as tar:
                for member in tar:
                    content = tar.extractfile(member)
                    if content is not None and member.name in names:
                        with writing(folder), (folder / member.name).open("wb") as target:
                            shutil.copyfileobj(content, target, PIECE)
                        found.add(member.name)
            watched.finish()
        except (tarfile.TarError, EOFError) as error:
            raise _broken(address, _brief(error)) from None
    if found != set(names):
        raise _broken(address, f"{len(names) - len(found)} clips are missing")
    if watched.digest != shard.digest:
        raise _broken(address, "it is not what was packed")


def _broken(address: str, why: str) -> InputError:
    return InputError(f"{address} is broken ({why}); copy it again, or remove it and pack it again")


class _Watched(io.RawIOBase):
    """A file that is read once, and whose digest is known at the end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash = file, hashlib.sha256()

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what fits; 0 at the end.

        Raises:
            EOFError: the storage gives no more before the end.
        """
        try:
            piece = self._file.read(len(buffer))
        except Exception as error:  # every kind of storage raises classes of its own
            raise EOFError(_brief(error)) from None
        buffer[: len(piece)] = piece
        self._hash.update(piece)
        return len(piece)

    def finish(self) -> None:
        """Read what is left."""
        while self.readinto(memoryview(bytearray(PIECE))):
            pass

    @property
    def digest(self) -> str:
        """Of all that was read, in hexadecimal."""
        return self._hash.hexdigest()
