"""Corpora of lines that somebody reads: ESD, with five emotions, and VCTK, with none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dicetalk.errors import InputError
from dicetalk.files import existing_file

ESD_EMOTIONS = {"Neutral": "neutral", "Angry": "angry", "Happy": "happy", "Sad": "sad", "Surprise": "surprised"}
ESD_LAYOUT = "0011/0011.txt and 0011/Angry/0011_000351.wav, or 0011/Angry/train/0011_000351.wav"
VCTK_LAYOUT = "txt/p225/p225_001.txt and wav48_silence_trimmed/p225/p225_001_mic1.flac, or wav48/p225/p225_001.wav"

_ESD_NAME = re.compile(r"(\d{4})_\d{6}")
_VCTK_NAME = re.compile(r"((?:p|s)\d+)_\d{3}")


@dataclass(frozen=True)
class SpokenLine:
    """A line that somebody reads.

    Attributes:
        name: unique in its corpus.
        sound: the file.
        speaker: who reads, by the corpus's own code.
        text: what is read.
        emotion: a name of the vocabulary; None where nobody was asked for one.
    """

    name: str
    sound: Path
    speaker: str
    text: str
    emotion: str | None


def read_lines_of(folder: Path) -> list[SpokenLine]:
    """The lines of ESD or VCTK, whichever lies there, by name.

    ESD: Zhou, Sisman, Liu, Li, "Emotional voice conversion: theory, databases and ESD", Speech Communication 137, 2022.
    VCTK: Yamagishi, Veaux, MacDonald, "CSTR VCTK Corpus", University of Edinburgh, 2019.

    Raises:
        InputError: neither lies there.
    """
    lines = sorted([*_esd(folder), *_vctk(folder)], key=lambda line: line.name)
    if not lines:
        raise InputError(f"{folder} holds neither ESD ({ESD_LAYOUT}) nor VCTK ({VCTK_LAYOUT})")
    return lines


def _esd(folder: Path) -> Iterator[SpokenLine]:
    texts = {name: text for file in sorted(folder.glob("[0-9]" * 4 + "/*.txt")) for name, text in _told(file)}
    for file in sorted(folder.glob("[0-9]" * 4 + "/*/**/*.wav")):
        found = _ESD_NAME.fullmatch(file.stem)
        emotion = next((ESD_EMOTIONS[part] for part in file.relative_to(folder).parts if part in ESD_EMOTIONS), None)
        if found and emotion and file.stem in texts:
            yield SpokenLine(file.stem, file, found[1], texts[file.stem], emotion)


def _told(file: Path) -> Iterator[tuple[str, str]]:
    """Names and texts of a table of ESD: a name, a text and an emotion a line, with tabs between."""
    for row in existing_file(file).read_text("utf-8-sig", "replace").splitlines():
        cells = [cell.strip() for cell in row.split("\t")]
        if len(cells) >= 2 and _ESD_NAME.fullmatch(cells[0]):
            yield cells[0], cells[1]


def _vctk(folder: Path) -> Iterator[SpokenLine]:
    for text in sorted(folder.glob("txt/*/*.txt")):
        found = _VCTK_NAME.fullmatch(text.stem)
        names = (
            f"wav48_silence_trimmed/{text.parent.name}/{text.stem}_mic1.flac",
            f"wav48/{text.parent.name}/{text.stem}.wav",
        )
        sound = next((folder / name for name in names if (folder / name).is_file()), None)
        if found and sound:
            said = existing_file(text).read_text("utf-8", "replace").strip()
            yield SpokenLine(text.stem, sound, found[1], said, None)
