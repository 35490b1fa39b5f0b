"""Names of files and folders as they are typed."""

from __future__ import annotations

from pathlib import Path

import click

from dicetalk.errors import MediaError
from dicetalk.files import path_of, video_path_of


class FileName(click.Path):
    """The name of a file: not empty, and without a separator at its end, which only folders have."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path; `MediaError` for a name that is none."""
        return path_of(value)


class VideoName(click.Path):
    """The name of a video; a folder stands for numbered pictures in it."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path; `MediaError` for a name that is none."""
        return video_path_of(value)


class FolderName(click.Path):
    """The name of a folder: not empty, which would be the present one."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path; `MediaError` for a name that is none."""
        if not str(value).strip():
            raise MediaError("the name of a folder is empty; give one")
        return Path(str(value))


FILE, FOLDER, VIDEO = FileName(), FolderName(), VideoName()
