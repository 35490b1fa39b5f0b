"""What is not what was asked for is named by its first bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicetalk.errors import MediaError
from dicetalk.media import probe, read_picture, read_sound
from dicetalk.media.beginnings import begins_as

FILES: dict[str, tuple[bytes, str]] = {
    "PDF": (b"%PDF-1.7\n", "PDF"),
    "SVG behind remarks": (
        b'<?xml version="1.0"?>\n<!-- made\nby -->\n<!DOCTYPE svg PUBLIC "x">\n<svg width="1">',
        "SVG",
    ),
    "bare SVG": (b"\xef\xbb\xbf <SVG>", "SVG"),
    "another XML": (b'<?xml version="1.0"?><plist></plist>', ""),
    "a page": (b"\n<!doctype HTML><html>", "a web page"),
    "zip": (b"PK\x03\x04\x14", "an archive"),
    "gzip": (b"\x1f\x8b\x08\0", "an archive"),
    "a program": (b"\x7fELF\x02", "a program"),
    "WAV": (b"RIFF\0\0\0\0WAVEfmt ", "a sound"),
    "MP3": (b"ID3\x04\0", "a sound"),
    "MP3 without notes": (b"\xff\xfb\x90\0", "a sound"),
    "MP4": (b"\0\0\0\x18ftypisom", "a video or a sound"),
    "WebM": (b"\x1aE\xdf\xa3", "a video or a sound"),
    "HEIC": (b"\0\0\0\x18ftypheic", "a picture"),
    "JPEG": (b"\xff\xd8\xff\xe0", "a picture"),
    "WebP": (b"RIFF\0\0\0\0WEBPVP8 ", "a picture"),
    "text": (b"hello", ""),
    "zeros": (bytes(99), ""),
}


@pytest.mark.parametrize("name", FILES)
def test_files(tmp_path: Path, name: str) -> None:
    content, what = FILES[name]
    path = tmp_path / "file"
    path.write_bytes(content)
    assert begins_as(path) == what
    for read in (read_picture, read_sound):
        with pytest.raises(
            MediaError, match=what if what not in ("a picture", "a sound", "a video or a sound") else ""
        ):
            read(path)


def test_a_codec_that_nobody_knows(tmp_path: Path) -> None:
    from hostile.made import wav
    from hostile.pictures import patched

    path = tmp_path / "odd.wav"
    path.write_bytes(patched(wav(), b"fmt ", 8, b"\xee\xee"))
    with pytest.raises(MediaError, match="its codec cannot be read"):
        probe(path)
