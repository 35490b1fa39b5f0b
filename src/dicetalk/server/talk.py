"""The process of live talks: it hears and draws while somebody speaks, one talk after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from functools import cache
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import TYPE_CHECKING, Any, Self

from dicetalk.backbone import LIVE
from dicetalk.errors import DiceTalkError
from dicetalk.server.leash import leashed
from dicetalk.server.pace import Pace
from dicetalk.server.problems import renamed

if TYPE_CHECKING:
    from dicetalk.arrays import Picture
    from dicetalk.live import LiveVideo
    from dicetalk.pipeline import DiceTalk

JPEG_QUALITY = 80
MOST_WAITING = 4000
"""Messages that wait to be heard: of a minute or more. Whoever sends faster has to wait."""

Said = bytes | Mapping[str, Any]
"""Sound, or what is told beside it: `{"emotion": ...}`, `{"finish": true}`."""


def sit(pipe: Connection) -> None:
    """Hold one talk after the other. None ends a talk, from either side."""
    leashed()
    with contextlib.suppress(DiceTalkError):  # whoever begins a talk is told
        _loaded()
    with contextlib.suppress(EOFError, OSError):
        while True:
            path, told = pipe.recv()
            with Ear(pipe) as ear:
                try:
                    Talk(pipe, ear).hold(path, told)
                except DiceTalkError as error:
                    pipe.send(renamed(error.to_json(), {path: "the portrait"}))
            pipe.send(None)


@cache
def _loaded() -> DiceTalk:
    """What speaks, loaded once."""
    from dicetalk.pipeline import load

    return load(LIVE)


class Ear:
    """Takes what is said in one talk as it comes, in a thread of its own: so the time is known when it came.

    Attributes:
        pace: is told when sound comes.
        is_left: whether the talk was ended from the other side.
    """

    def __init__(self, pipe: Connection) -> None:
        self.pace, self.is_left = Pace(), False
        self._pipe = pipe
        self._room, self._said = Semaphore(MOST_WAITING), SimpleQueue[Said | None]()
        self._thread = Thread(target=self._listen, daemon=True)

    def _listen(self) -> None:
        with contextlib.suppress(EOFError, OSError):  # the server is gone, and with it this process
            while (said := self._pipe.recv()) is not None:
                if isinstance(said, bytes):
                    self.pace.came(len(said) // 2)
                self._room.acquire()
                self._said.put(said)
        self.is_left = True
        self._said.put(None)

    def take(self) -> Said | None:
        """What was said next; None at the end."""
        said = self._said.get()
        self._room.release()
        return None if self.is_left else said

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the end: what is still said is not heard."""
        while not self.is_left:
            self.take()
        self._thread.join()


class Talk:
    """One talk, in its process."""

    def __init__(self, pipe: Connection, ear: Ear) -> None:
        self._pipe, self._ear = pipe, ear

    def hold(self, path: Path, told: Mapping[str, Any]) -> None:
        """Begin, hear and show until it is ended.

        Raises:
            DiceTalkError: something that was given cannot be used.
        """
        given = {name: value for name, value in told.items() if name != "drop"}

        def wanted(frame: int) -> bool:
            return not told["drop"] or self._ear.pace.wants(frame, video.behind, told["rate"])

        with _loaded().live(path, **given, wanted=wanted) as video:
            shape = {"width": video.width, "height": video.height, "fps": video.fps, "behind": video.behind}
            self._pipe.send({"ready": shape | {"warnings": list(video.warnings)}})
            self._hear(video)

    def _hear(self, video: LiveVideo) -> None:
        while (said := self._ear.take()) is not None:
            if isinstance(said, bytes):
                self._show(video, video.hear(said))
            elif "emotion" in said:
                video.emotion = said["emotion"]
                self._pipe.send({"changed": {**said, "warnings": list(video.feelings.warnings)}})
            else:
                self._show(video, video.finish())
                self._pipe.send({"done": {"frames": video.frames, "dropped": self._ear.pace.dropped}})

    def _show(self, video: LiveVideo, some: Iterator[Picture]) -> None:
        """Send frames, but for those that are left out, as long as somebody looks."""
        for frames in some:
            if self._ear.is_left:
                return
            for place, frame in enumerate(frames, video.frames - len(frames)):
                self._pipe.send(_message(place, frame))
            if word := self._ear.pace.word():
                self._pipe.send({"late": word | {"frames": video.frames}})


def _message(place: int, frame: Picture) -> bytes:
    """The number of a frame in four bytes, the lowest first, and its JPEG."""
    from PIL import Image

    content = BytesIO()
    Image.fromarray(frame).save(content, "JPEG", quality=JPEG_QUALITY)
    return place.to_bytes(4, "little") + content.getvalue()
