"""Marks on files of every kind: what they say, and how changes show. Without the extra only plain ones are made."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from marks_made import CONSENT, ORIGIN, marked, noise
from PIL import Image

from dicetalk.errors import ConfigError, DiceTalkError, InputError, MediaError, MissingExtraError
from dicetalk.marks import marks as marks_file
from dicetalk.marks.carriers import XMP_BOX
from dicetalk.marks.label import labelled
from dicetalk.marks.marks import PICTURES, Marks
from dicetalk.marks.origin import SOURCE_TYPE
from dicetalk.marks.verdict import verify
from dicetalk.marks.xmp import BEGIN, END, NAMESPACE, packet
from dicetalk.media import VideoWriter, probe, read_video

PLAIN = Marks(which="plain", consent=CONSENT)
NAMES = ("out.mp4", "out.m4v", "out.mov", "out.webm", "f_%03d.png", "sheet.png", "sheet.jpg")


@pytest.mark.parametrize("name", NAMES)
def test_plain_marks_tell_the_origin(name: str, tmp_path: Path) -> None:
    found = verify(marked(tmp_path / name, PLAIN))
    assert (found.state, found.signed, found.tool) == ("intact", False, "DiceTalk 0.1.0")
    assert found.origin == ORIGIN.to_json() | {"consent": CONSENT}


@pytest.mark.parametrize("name", NAMES)
def test_marks_change_no_frame(name: str, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    bare, with_marks = marked(tmp_path / "bare" / name, Marks(which="none")), marked(tmp_path / name, PLAIN)
    if bare.suffix in PICTURES:
        assert (np.asarray(Image.open(bare)) == np.asarray(Image.open(with_marks))).all()
        return
    assert all((a == b).all() for a, b in zip(read_video(bare), read_video(with_marks), strict=True))
    assert probe(bare) == probe(with_marks)
    assert verify(bare).state == "unmarked"


@pytest.mark.parametrize("name", NAMES)
def test_plain_marks_come_out_the_same_again(name: str, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    once, again = marked(tmp_path / name, PLAIN), marked(tmp_path / "again" / name, PLAIN)
    assert name.endswith("webm") or once.read_bytes() == again.read_bytes()  # its muxer draws an identity by chance
    assert verify(again).state == "intact"


@pytest.mark.parametrize("name", NAMES)
def test_any_byte_that_changes_shows(name: str, tmp_path: Path) -> None:
    path = marked(tmp_path / name, PLAIN)
    data, places = path.read_bytes(), random.Random(0)
    for place in [*(places.randrange(40, len(data)) for _ in range(20)), data.index(NAMESPACE.encode()), len(data) - 1]:
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert verify(path).state == "changed", place


@pytest.mark.parametrize("name", NAMES[:4])
def test_what_is_added_or_cut_out_shows(name: str, tmp_path: Path) -> None:
    path = marked(tmp_path / name, PLAIN)
    data = path.read_bytes()
    for changed in (data + b"more", data[:500] + data[600:]):
        path.write_bytes(changed)
        assert verify(path).state == "changed"


def test_the_mark_is_xmp_that_others_read(tmp_path: Path) -> None:
    data = marked(tmp_path / "out.mp4", PLAIN).read_bytes()
    box = data.index(XMP_BOX)
    assert data[box - 4 : box] == b"uuid" and data[box + 16 :].startswith(BEGIN)
    assert box - 8 + int.from_bytes(data[box - 8 : box - 4]) == len(data)
    assert SOURCE_TYPE in str(Image.open(marked(tmp_path / "f_%d.png", PLAIN)).info["XML:com.adobe.xmp"])
    assert SOURCE_TYPE.encode() in Image.open(marked(tmp_path / "sheet.jpg", PLAIN)).info["xmp"]
    with av.open(str(marked(tmp_path / "out.webm", PLAIN))) as film:
        assert len(list(film.decode(video=0))) == 12


def test_without_a_mark_is_no_proof_of_anything(hopper: Path, tmp_path: Path) -> None:
    assert verify(hopper).state == "unmarked"
    text = tmp_path / "notes.mp4"
    text.write_text("no video")
    with pytest.raises(MediaError, match="no sound or video"):
        verify(text)
    with pytest.raises(MediaError, match="empty"):
        (tmp_path / "empty.mp4").touch()
        verify(tmp_path / "empty.mp4")


HOSTILE = {
    "entities": b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + NAMESPACE.encode(),
    "no XML": b"<<<" + NAMESPACE.encode(),
    "no text": b"\xff\xfe" + NAMESPACE.encode(),
    "deep": b"<a>" * 9000 + NAMESPACE.encode() + b"</a>" * 9000,
    "no seal": packet(ORIGIN.to_json(), "0")[len(BEGIN) : -len(END)].replace(b"dicetalk:seal", b"dicetalk:leaf"),
    "short seal": packet(ORIGIN.to_json(), "0")[len(BEGIN) : -len(END)],
    "seal in numbers": packet(ORIGIN.to_json(), "0")[len(BEGIN) : -len(END)].replace(
        b'seal="0"', b'seal="' + b"&#48;" * 64 + b'"'
    ),
    "long number": packet(ORIGIN.to_json() | {"seed": "9" * 5000}, "0")[len(BEGIN) : -len(END)],
    "no number": packet(ORIGIN.to_json() | {"seed": "²"}, "0")[len(BEGIN) : -len(END)],
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_damaged_packet_is_a_change(body: bytes, tmp_path: Path) -> None:
    path = marked(tmp_path / "out.mp4", Marks(which="none"))
    path.write_bytes(path.read_bytes() + BEGIN + body + END)
    assert verify(path).state == "changed"


def test_what_is_left_of_a_packet_is_a_change(tmp_path: Path) -> None:
    path = marked(tmp_path / "out.mp4", Marks(which="none"))
    bare = path.read_bytes()
    for tail in (NAMESPACE.encode(), BEGIN + NAMESPACE.encode(), NAMESPACE.encode() + END):
        path.write_bytes(bare + tail)
        assert verify(path).state == "changed"


WRONG = (
    ({"which": "gold"}, ConfigError, "use one of"),
    ({"which": "none", "consent": "all"}, ConfigError, "leave one"),
    ({"consent": " "}, InputError, "says nothing"),
    ({"consent": "a\x1b[2J"}, InputError, "cannot be shown"),
    ({"consent": "a" * 2001}, InputError, "2001 characters"),
    ({"consent": 3}, InputError, "says nothing"),
    ({"visible": "yes"}, InputError, "True or False"),
    ({"key": "k.pem"}, ConfigError, "give both"),
    ({"which": "plain", "key": "k.pem", "certificate": "c.pem"}, ConfigError, "leave the key out"),
)


@pytest.mark.parametrize(("given", "error", "says"), WRONG)
def test_what_does_not_go_together_is_told(given: dict[str, object], error: type[DiceTalkError], says: str) -> None:
    with pytest.raises(error, match=says):
        Marks(**given)  # type: ignore[arg-type]


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks_file, "_installed", lambda: False)
    assert verify(marked(tmp_path / "out.mp4", Marks())).state == "intact"
    monkeypatch.setitem(sys.modules, "c2pa", None)
    monkeypatch.setattr("dicetalk.errors.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="provenance"):
        Marks(which="signed").stamp(tmp_path / "out.mp4", ORIGIN)


def test_nothing_is_left_where_the_mark_fails(tmp_path: Path) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    with (
        pytest.raises(MediaError, match="no space"),
        VideoWriter(tmp_path / "a.mp4", width=64, height=64, mark=full) as film,
    ):
        film.write(noise())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("channels", [3, 4])
def test_the_visible_mark_is_in_the_corner_alone(channels: int) -> None:
    frames = np.full((2, 200, 300, channels), 128, np.uint8)
    frames[..., 3:] = 0
    made = labelled(frames)
    assert (frames[..., :3] == 128).all() and made.dtype == np.uint8
    assert (made[:, :150] == frames[:, :150]).all() and (made[:, :, 200:] == frames[:, :, 200:]).all()
    assert made[:, 150:, :200, :3].max() > 240 and made[:, 150:, :200, :3].min() < 70
    assert channels == 3 or made[..., 3].max() == 255
    assert labelled(np.zeros((1, 2, 4, 3), np.uint8)).shape == (1, 2, 4, 3)
