"""Settings of a video as a file: what the page writes, `--settings` reads. docs/formats.md describes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from dicetalk.checks import brief
from dicetalk.cli.paths import FILE
from dicetalk.errors import InputError

VERSION = 1
MARK = "dicetalk_settings"
"""The field that says the version."""
FILES = ("portrait", "speech", "emotion", "motion_in")
"""What the files are."""
LEFT_OUT = ("portrait", "speech", "text", "motion_in", "emotion_file", "consent", "format")
"""Fields of a request that are no settings: files, and what is said, stand by themselves; consent is given anew."""
MOST = 1_000_000
"""Of a file of settings [bytes]."""


@dataclass(frozen=True)
class Named:
    """A file of the settings.

    Attributes:
        path: beside the settings.
        sha256: of its content.
    """

    path: Path
    sha256: str

    def check(self, what: str) -> None:
        """Refuse another file of that name.

        Raises:
            InputError: it is not there, or holds something else.
        """
        from dicetalk.marks.origin import file_digest

        if not self.path.is_file():
            raise InputError(
                f"{self.path.name}, the {what} of the settings, is not beside them; put it there or name it"
            )
        if file_digest(self.path) != self.sha256:
            raise InputError(f"{self.path.name} is another file than the {what} of the settings; name it to use it")


@dataclass(frozen=True)
class Settings:
    """What a file of settings says.

    Attributes:
        values: by the names of the command's parameters.
        files: by what they are.
    """

    values: Mapping[str, Any]
    files: Mapping[str, Named]


def read_settings(path: Path) -> Settings:
    """Read a file of settings; its files are looked for beside it.

    Raises:
        InputError: it is no such file, of a newer version, or a field is unknown or of another kind.
    """
    from dicetalk.files import read_bytes
    from dicetalk.server.request import FILE as SENT
    from dicetalk.server.request import emotion_of, read_json

    content = read_bytes(path, MOST)
    try:
        told = read_json(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    if not isinstance(told, dict) or MARK not in told:
        raise InputError(f'{path} holds no settings; expected an object with "{MARK}": {VERSION}')
    if told.pop(MARK) != VERSION:
        raise InputError(f"the settings in {path} are of another version; expected {MARK} to be {VERSION}")
    files = _files(told.pop("files", {}), path.parent)
    _check(told)
    values = told.pop("options", {}) | told
    emotion = values.get("emotion")
    if isinstance(emotion, dict):
        values["emotion"] = json.dumps(emotion)
    elif emotion is not None:
        sent = files.get("emotion")
        values["emotion"] = emotion_of(emotion, sent.path if sent else None) if SENT in emotion else emotion
    given = {name: file.path for name, file in files.items() if name != "emotion"}
    return Settings(given | values, files)


def _files(told: object, folder: Path) -> dict[str, Named]:
    if not isinstance(told, dict):
        raise InputError(f"files of the settings is {brief(told)}; expected an object")
    for what, file in told.items():
        if what not in FILES:
            raise InputError(f"the settings have no file {brief(what)}; expected some of: {', '.join(FILES)}")
        if not isinstance(file, dict) or set(file) != {"name", "sha256"} or not _is_name(file["name"]):
            raise InputError(f'the {what} of the settings is {brief(file)}; expected {{"name": ..., "sha256": ...}}')
    return {what: Named(folder / file["name"], str(file["sha256"])) for what, file in told.items()}


def _is_name(name: object) -> bool:
    """Whether it is the name of a file and not a way to one elsewhere."""
    return isinstance(name, str) and name not in ("", ".", "..") and not set(name) & {"/", "\\", "\0"}


def _check(told: Mapping[str, Any]) -> None:
    from dicetalk.jobs import JSON, VALUES
    from dicetalk.server.request import FIELDS

    known = [name for name in FIELDS if name not in LEFT_OUT]
    for name, value in told.items():
        if name not in known:
            raise InputError(f"the settings have no field {brief(name)}; expected some of: {', '.join(known)}")
        kinds = (*VALUES[name], dict) if name == "emotion" else VALUES[name]
        if type(value) not in kinds and not (type(value) is int and float in kinds):
            raise InputError(
                f"{name} of the settings is {brief(value)}; expected {' or '.join(JSON[kind] for kind in kinds)}"
            )


def settings_option(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--settings`, whose values stand in for all that is not typed."""

    @click.option(
        "--settings",
        metavar="JSON",
        type=FILE,
        is_eager=True,
        callback=_stand_in,
        help="Take all that is not typed from settings that the page gave; their files lie beside them.",
    )
    @wraps(function)
    def checked(settings: Settings | None, **values: Any) -> None:
        context = click.get_current_context()
        for what, file in (settings.files if settings else {}).items():
            if context.get_parameter_source(what) is ParameterSource.DEFAULT_MAP:
                file.check(what)
        function(**values)

    return checked


def _stand_in(context: click.Context, parameter: click.Parameter, path: Path | None) -> Settings | None:
    if path is None:
        return None
    settings = read_settings(path)
    context.default_map = dict(settings.values)
    return settings
