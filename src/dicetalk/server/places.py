"""What lies where below a server's folder, and that only one server works in it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dicetalk.errors import ConfigError
from dicetalk.files import held, writing
from dicetalk.server.queue import Upload


@dataclass(frozen=True)
class Places:
    """The folder of a server.

    Attributes:
        data: it.
    """

    data: Path

    @property
    def database(self) -> Path:
        """Jobs, and what was sent."""
        return self.data / "jobs.sqlite"

    @property
    def uploads(self) -> Path:
        """Files that were sent, each by the SHA-256 of its content."""
        return self.data / "uploads"

    @property
    def temporary(self) -> Path:
        """Files on their way in."""
        return self.data / "temporary"

    @property
    def videos(self) -> Path:
        """A folder for each try to make a video."""
        return self.data / "videos"

    def video(self, claim: str) -> Path:
        """The folder of one try."""
        return self.videos / claim

    def upload(self, upload: Upload) -> Path:
        """A file that was sent."""
        return self.uploads / (upload.id + upload.suffix)

    def forget(self, upload: Upload) -> None:
        """Remove a file that was sent."""
        self.upload(upload).unlink(missing_ok=True)

    def new(self) -> Path:
        """The name of a temporary file."""
        return self.temporary / secrets.token_hex(12)

    def make(self) -> None:
        """Make the folders.

        Raises:
            MediaError: one cannot be made.
        """
        for folder in (self.data, self.uploads, self.temporary, self.videos):
            with writing(folder):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def clean(self, claims: set[str], uploads: set[str]) -> None:
        """Remove all but the tries and the files that are known."""
        for path in self.temporary.iterdir():
            path.unlink()
        for path in self.videos.iterdir():
            if path.name not in claims:
                shutil.rmtree(path)
        for path in self.uploads.iterdir():
            if path.stem not in uploads:
                path.unlink()


@contextmanager
def occupied(places: Places) -> Iterator[None]:
    """Hold a server's folder: two of them would take each other's jobs.

    Raises:
        ConfigError: another one holds it.
    """
    places.make()
    with writing(places.data), held(places.data / "lock") as alone:
        if not alone:
            raise ConfigError(f"another server works in {places.data}; stop it, or give another --data")
        yield
