"""Live talks: a process that hears and draws while somebody speaks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from dicetalk.backbone import LIVE
from dicetalk.errors import DiceTalkError
from dicetalk.server.leash import SPAWN, leashed
from dicetalk.server.problems import renamed

if TYPE_CHECKING:
    from dicetalk.arrays import Picture
    from dicetalk.live import LiveVideo

JPEG_QUALITY = 80
GRACE = 2.0
"""How long a process may take to end a talk that was broken off [s]."""

Said = bytes | Mapping[str, Any]
"""Sound, or what is told beside it: `{"emotion": ...}`, `{"finish": true}`."""


class BusyError(Exception):
    """Somebody else is speaking."""


class Room:
    """Where one talk at a time is held, by a process that stays loaded from one to the next."""

    def __init__(self) -> None:
        self._taken = Lock()
        self._ours: Connection | None = None

    @contextlib.contextmanager
    def talk(self, path: Path, told: Mapping[str, Any]) -> Iterator[Connection]:
        """Begin a talk: what is said goes into the connection, what is shown comes out of it.

        Raises:
            BusyError: there is one already.
        """
        if not self._taken.acquire(blocking=False):
            raise BusyError
        try:
            ours = self._open()
            ours.send((path, dict(told)))
            yield ours
            self._leave(ours)
        except BaseException:
            self.close()
            raise
        finally:
            self._taken.release()

    def _open(self) -> Connection:
        if self._ours is None or not self._process.is_alive():
            self._ours, theirs = SPAWN.Pipe()
            self._process = SPAWN.Process(target=_sit, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()
        return self._ours

    def _leave(self, ours: Connection) -> None:
        """End what is left of a talk; the process is ready for the next one, or replaced then."""
        try:
            ours.send(None)
            while ours.poll(GRACE):
                if ours.recv() is None:
                    return
        except (OSError, EOFError):
            pass
        self.close()

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._ours is not None:
            self._process.kill()
            self._process.join()
            self._ours.close()
            self._ours = None


def _sit(pipe: Connection) -> None:
    """In the process: one talk after the other. None ends a talk, from either side."""
    leashed()
    with contextlib.suppress(EOFError, OSError):
        while True:
            path, told = pipe.recv()
            try:
                Talk(pipe).hold(path, told)
            except DiceTalkError as error:
                pipe.send(renamed(error.to_json(), {path: "the portrait"}))
                while pipe.recv() is not None:
                    pass
            pipe.send(None)


@dataclass
class Talk:
    """One talk, in its process.

    Attributes:
        pipe: to the server.
    """

    pipe: Connection

    def hold(self, path: Path, told: Mapping[str, Any]) -> None:
        """Begin, hear and show until it is ended.

        Raises:
            DiceTalkError: something that was given cannot be used.
        """
        from dicetalk.pipeline import load

        with load(LIVE).live(path, **told) as video:
            shape = {"width": video.width, "height": video.height, "fps": video.fps, "behind": video.behind}
            self.pipe.send({"ready": shape | {"warnings": list(video.warnings)}})
            self._hear(video)

    def _hear(self, video: LiveVideo) -> None:
        while (said := self.pipe.recv()) is not None:
            if isinstance(said, bytes):
                self._show(video, video.hear(said))
            elif "emotion" in said:
                video.emotion = said["emotion"]
            else:
                self._show(video, video.finish())
                self.pipe.send({"done": {"frames": video.frames}})

    def _show(self, video: LiveVideo, some: Iterator[Picture]) -> None:
        """Send frames: the number of each in four bytes, the lowest first, and its JPEG."""
        from PIL import Image

        for frames in some:
            for place, frame in enumerate(frames, video.frames - len(frames)):
                content = BytesIO()
                Image.fromarray(frame).save(content, "JPEG", quality=JPEG_QUALITY)
                self.pipe.send(place.to_bytes(4, "little") + content.getvalue())
