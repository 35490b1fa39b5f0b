"""Where a batch writes: everything in its own folder, nothing twice, nothing over what another job reads."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

from dicetalk.checks import brief
from dicetalk.errors import InputError

REPORT, SHEET, RECORDS = "report.csv", "report.html", ".batch"
"""What stands in the folder beside the videos."""
OUTPUTS = ("output", "motion_out", "preview", "words", "feelings")
"""What of a job names files to write."""
MOST_SIGNS = 60
"""Of a name that is made of those of the inputs."""


def place_in(folder: Path, name: str) -> str:
    """The path in a batch's folder that a manifest's name stands for, as text: one that ends in / is a folder.

    Raises:
        InputError: it leads elsewhere, or is hidden.
    """
    parts = name.removesuffix("/").split("/")
    if "\\" in name or PureWindowsPath(name).anchor or any(part in ("", ".", "..") for part in parts):
        raise InputError(
            f"the output {brief(name)} leads out of {folder}; give a name in it, as clip.mp4 or a/clip.mp4"
        )
    if any(part.startswith(".") for part in parts):
        raise InputError(f"the output {brief(name)} is a hidden file; give a name that begins with no dot")
    if not _within(folder, folder / name):
        raise InputError(f"the output {brief(name)} goes through a link out of {folder}; give another name")
    return f"{folder}/{name}"


def _within(folder: Path, path: Path) -> bool:
    try:
        return path.parent.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError) as error:  # a part too long, links in a ring
        raise InputError(f"the output {brief(path.name)} cannot be looked at ({error}); give another name") from None


def placed(folder: Path, told: Mapping[str, Any], settings: str) -> dict[str, Any]:
    """A job's JSON with its outputs in a batch's folder.

    Args:
        folder: of the batch.
        told: as the manifest says.
        settings: a few signs that tell this job's settings from others, for a name where none is given.

    Raises:
        InputError: an output leads elsewhere.
    """
    named = dict(told)
    if named.get("output") is None:
        named["output"] = f"{_usual(named)}-{settings}.mp4"
    texts = {name: named[name] for name in OUTPUTS if isinstance(named.get(name), str)}
    return named | {name: place_in(folder, text) for name, text in texts.items()}


def _usual(told: Mapping[str, Any]) -> str:
    stems = [Path(told[name]).stem for name in ("portrait", "speech") if isinstance(told.get(name), str)]
    return re.sub(r"[^\w-]+", "_", "-".join(stems))[:MOST_SIGNS].strip("_.") or "video"


class Claims:
    """Who writes what: the first row that names a file has it."""

    def __init__(self, folder: Path) -> None:
        self._taken = {_same(folder / name): "the batch itself" for name in (REPORT, SHEET)}

    def take(self, row: int, paths: list[Path]) -> None:
        """Give files to a row.

        Raises:
            InputError: another has one of them.
        """
        for path in paths:
            other = self._taken.get(_same(path))
            if other is not None:
                raise InputError(f"{path} is written by {other} already; give another output name")
            self._taken[_same(path)] = f"row {row}"


def _same(path: Path) -> str:
    """One text for names that some disks take for one."""
    return unicodedata.normalize("NFC", str(path)).casefold()
