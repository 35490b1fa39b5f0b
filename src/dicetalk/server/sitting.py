"""Live talks: a process that hears and draws while somebody speaks."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from dicetalk.backbone import LIVE
from dicetalk.errors import DiceTalkError
from dicetalk.server.leash import SPAWN, leashed
from dicetalk.server.problems import renamed

if TYPE_CHECKING:
    from dicetalk.arrays import Picture
    from dicetalk.live import LiveVideo
    from dicetalk.pipeline import DiceTalk

JPEG_QUALITY = 80
GRACE = 2.0
"""How long a process may take to end a talk that was broken off [s]."""

Said = bytes | Mapping[str, Any]
"""Sound, or what is told beside it: `{"emotion": ...}`, `{"finish": true}`."""


class BusyError(Exception):
    """Somebody else is speaking."""


class Line:
    """The server's end of a talk.

    Attributes:
        pipe: to the process.
    """

    def __init__(self, pipe: Connection) -> None:
        self.pipe = pipe
        self._saying = Lock()

    def say(self, said: object) -> None:
        """Hand something on; waits while the process is behind."""
        with self._saying:
            self.pipe.send(said)

    def leave(self) -> bool:
        """End what is left of a talk; false where the process does not answer."""
        if not self._saying.acquire(timeout=GRACE):  # something is still being said, which nobody takes
            return False
        try:
            self.pipe.send(None)
            while self.pipe.poll(GRACE):
                if self.pipe.recv() is None:
                    return True
        except (OSError, EOFError):
            return False
        finally:
            self._saying.release()
        return False


class Room:
    """Where one talk at a time is held, by a process that stays loaded from one to the next."""

    def __init__(self) -> None:
        self._is_taken = False
        self._line: Line | None = None
        self._process: SpawnProcess | None = None

    @contextlib.asynccontextmanager
    async def talk(self, path: Path, told: Mapping[str, Any]) -> AsyncIterator[Line]:
        """Begin a talk.

        Raises:
            BusyError: there is one already.
        """
        if self._is_taken:
            raise BusyError
        self._is_taken = True
        try:
            line = await run_in_threadpool(self._open)
            await run_in_threadpool(line.say, (path, dict(told)))
            yield line
        finally:
            await run_in_threadpool(self._leave)
            self._is_taken = False

    def _open(self) -> Line:
        if self._line is not None and self._process is not None and self._process.is_alive():
            return self._line
        self.close()
        ours, theirs = SPAWN.Pipe()
        self._process, self._line = SPAWN.Process(target=_sit, args=(theirs,), daemon=True), Line(ours)
        self._process.start()
        theirs.close()
        return self._line

    def _leave(self) -> None:
        """Be ready for the next talk; a process that does not answer is replaced then."""
        if self._line is not None and not self._line.leave():
            self.close()

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = self._line = None


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


@cache
def _loaded() -> DiceTalk:
    """What speaks, loaded once."""
    from dicetalk.pipeline import load

    return load(LIVE)


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
        with _loaded().live(path, **told) as video:
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
