"""HDTF (Zhang et al., CVPR 2021): long talking-head videos without emotion labels.

`WDA_BobMenendez_000.mp4`: where it is from (RD, WDA, WRA), who it is, which piece.
"""

from __future__ import annotations

import re
from pathlib import Path

from dicetalk.data.clip import Clip, Corpus, collect

LAYOUT = "WDA_BobMenendez_000.mp4"

_NAME = re.compile(r"(RD|WDA|WRA)_(.+?)_(\d+)")


def read_hdtf(folder: Path) -> Corpus:
    """Pieces of HDTF, cut as its lists say, in any depth of folders.

    Raises:
        InputError: no such folder, or no HDTF file in it.
    """
    return collect(folder, (".mp4",), _clip, LAYOUT)


def _clip(file: Path) -> Clip:
    found = _NAME.fullmatch(file.stem)
    if found is None:
        raise ValueError("the name is not SOURCE_NAME_NUMBER with SOURCE one of RD, WDA, WRA")
    source, person, _ = found.groups()
    # JoeManchin0 and JoeManchin1 are two addresses of one man; Radio1 and Radio2 are two people.
    who = person if source == "RD" else person.rstrip("0123456789")
    return Clip(name=file.stem, corpus="hdtf", identity=f"hdtf_{source}_{who}", sound=file, video=file)
