from __future__ import annotations

import json
from pathlib import Path

import pytest
from hostile.sounds import coded
from safetensors.numpy import save_file

import dicetalk
from dicetalk.errors import DiceTalkError, InputError
from dicetalk.motion.live_link import LIVE_LINK_COLUMNS
from dicetalk.server.sniff import check_timeline, sniffed


def test_what_a_file_is_and_how_much_of_it_there_is(hopper: Path, speech: Path, talking: Path, tmp_path: Path) -> None:
    assert sniffed(hopper) == ("picture", {"width": 512, "height": 600})
    assert sniffed(speech) == ("sound", {"seconds": 1.2})
    assert sniffed(talking) == ("video", {"width": 256, "height": 256, "seconds": pytest.approx(1.2, abs=0.1)})
    curves = tmp_path / "a.csv"
    dicetalk.load("rules")(hopper, speech).save_motion(curves)
    assert sniffed(curves) == ("curves", {"seconds": 1.2})
    save_file({}, tmp_path / "b")
    assert sniffed(tmp_path / "b") == ("emotions", {})
    (tmp_path / "c").write_text('\n {"keys": [{"time": 0, "emotion": "happy"}]}')
    assert sniffed(tmp_path / "c") == ("timeline", {})


def test_curves_of_few_rows_that_last_for_hours_say_so(tmp_path: Path) -> None:
    codes = [f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}:00.000" for second in range(0, 7200, 9)]
    rows = [",".join([code, "61", *["0"] * 61]) for code in codes]
    (tmp_path / "a.csv").write_text("\n".join([",".join(LIVE_LINK_COLUMNS), *rows]))
    assert sniffed(tmp_path / "a.csv") == ("curves", {"seconds": pytest.approx(7200, abs=10)})


@pytest.mark.parametrize(("separator", "first"), [(";", ""), ("\t", ""), (";", "sep=;\n")])
def test_curves_that_a_spreadsheet_wrote(separator: str, first: str, tmp_path: Path) -> None:
    rows = [LIVE_LINK_COLUMNS, ["00:00:00:00", "61", *["0"] * 61]]
    (tmp_path / "a.csv").write_text(first + "\n".join(separator.join(row) for row in rows))
    assert sniffed(tmp_path / "a.csv") == ("curves", {"seconds": 0.04})


def test_curves_that_are_none(tmp_path: Path) -> None:
    for text in ("Timecode,a\n", "Timecode,a\n1,2\n", "Timecode,a\n00:00:02:00,1\n00:00:01:00,1\n"):
        (tmp_path / "a.csv").write_text(text)
        with pytest.raises(InputError, match="expected a Live Link Face CSV"):
            sniffed(tmp_path / "a.csv")


def test_the_name_tells_nothing(speech: Path, hopper: Path, tmp_path: Path) -> None:
    for source, name, kind in ((speech, "voice.jpg", "sound"), (hopper, "face.wav", "picture")):
        (tmp_path / name).write_bytes(source.read_bytes())
        assert sniffed(tmp_path / name)[0] == kind


def test_a_head_that_lies_is_not_believed(speech: Path, tmp_path: Path) -> None:
    content = bytearray(speech.read_bytes())
    content[40:44] = (0xFFFFFFF0).to_bytes(4, "little")  # the size of the samples
    (tmp_path / "long.wav").write_bytes(content)
    assert sniffed(tmp_path / "long.wav")[1]["seconds"] >= 1.2
    content[40:44] = (2).to_bytes(4, "little")
    (tmp_path / "short.wav").write_bytes(content)
    kind, facts = sniffed(tmp_path / "short.wav")
    assert kind == "sound" and facts["seconds"] <= 1.2


@pytest.mark.parametrize("content", [b"{", b"[1", b"\x00" * 100, b"Timecod", b"<svg/>", b"%PDF-1.7", b"PK\x03\x04" * 9])
def test_what_is_none_of_them(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(DiceTalkError):
        sniffed(tmp_path / "x")


@pytest.mark.parametrize(
    "place", [{"a.safetensors:x": 1}, [[["A.SAFETENSORS:x"]]], {"keys": [{"emotion": "/b.safetensors"}]}]
)
def test_a_timeline_names_no_file(place: object) -> None:
    with pytest.raises(InputError, match="names and strengths only"):
        check_timeline(json.loads(json.dumps(place)))


def test_what_vorbis_cuts_off_at_its_end_is_no_length(tmp_path: Path) -> None:
    """Its last packet tells a length below 0, in 32 bits without a sign: 25 hours of a sound of .4 s."""
    path = tmp_path / "a.ogg"
    path.write_bytes(coded("vorbis", "ogg", layout="stereo"))
    assert sniffed(path) == ("sound", {"seconds": pytest.approx(0.4, abs=0.05)})
