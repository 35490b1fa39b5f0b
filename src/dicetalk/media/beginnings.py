"""What a file is that is not what was asked for, in a word, by its first bytes: for messages only."""

from __future__ import annotations

import re
from pathlib import Path

ENOUGH = 4096
"""First bytes that are looked at; a drawing may begin with remarks."""
SOUND, VIDEO, PICTURE, ARCHIVE = "a sound", "a video or a sound", "a picture", "an archive"
_KINDS = (
    (rb"\x89PNG\r\n|GIF8[79]a|\xff\xd8\xff|BM.{4}\0{4}|II\*\0|MM\0\*|8BPS\0|RIFF.{4}WEBP|qoif", PICTURE),
    (rb".{4}ftyp(heic|heix|hevc|mif1|msf1|avif|avis)|\0\0\0\x0cjP  ", PICTURE),
    (rb"(RIFF|RF64).{4}WAVE|OggS|fLaC|ID3[\x02-\x04]|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]|FORM.{4}AIF|caff\0|\.snd\0", SOUND),
    (rb".{4}ftypM4A", SOUND),
    (rb".{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI |FLV\x01|0&\xb2u\x8ef\xcf\x11", VIDEO),
    (rb"%PDF-", "PDF"),
    (rb"PK\x03\x04|\x1f\x8b\x08|7z\xbc\xaf|Rar!|BZh[1-9]|\xfd7zXZ", ARCHIVE),
    (rb"(\xef\xbb\xbf)?\s*(<\?xml.*?|<!--.*?-->\s*|<!DOCTYPE svg.*?)*<svg[\s>]", "SVG"),
    (rb"(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body)[\s>]", "a web page"),
    (rb"\x7fELF|MZ.{56}", "a program"),
)
_FOUND = tuple((re.compile(pattern, re.DOTALL | re.IGNORECASE), what) for pattern, what in _KINDS)


def begins_as(path: Path) -> str:
    """What a file begins as: "a picture", "SVG", "an archive" ...; "" where nothing tells."""
    with path.open("rb") as file:
        head = file.read(ENOUGH)
    return next((what for pattern, what in _FOUND if pattern.match(head)), "")
