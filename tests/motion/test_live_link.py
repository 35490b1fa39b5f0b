"""Live Link Face CSV goes round; a bad one is refused in one line, and nothing is left behind."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dicetalk.errors import InputError
from dicetalk.motion.live_link import LIVE_LINK_COLUMNS, read_csv, write_csv
from dicetalk.motion.space import (
    EYE_PITCH,
    Motion,
)
from dicetalk.rates import VIDEO_RATES


def random_motion(frames: int, seed: int = 0) -> Motion:
    random = np.random.default_rng(seed)
    return Motion(random.random((frames, 52)).astype(np.float32), random.normal(size=(frames, 6)).astype(np.float32))


def test_csv_round_trip(tmp_path: Path) -> None:
    motion = random_motion(60)
    path = tmp_path / "curves.csv"
    assert write_csv(path, (motion[i : i + 7] for i in range(0, 60, 7))) == 60
    back = read_csv(path)
    np.testing.assert_allclose(back.shapes, motion.shapes, atol=1e-6)
    np.testing.assert_allclose(back.pose[:, :3], motion.pose[:, :3], atol=1e-6)
    assert not back.pose[:, 3:].any()
    assert [p.name for p in tmp_path.iterdir()] == ["curves.csv"]


def test_csv_has_the_columns_of_live_link_face(tmp_path: Path) -> None:
    motion = Motion.still(52)
    motion.column("jawLeft")[:] = 0.25
    motion.column("eyeLookUpLeft")[:] = 1
    write_csv(tmp_path / "a.csv", [motion])
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    header = tuple(rows[0])
    assert header == LIVE_LINK_COLUMNS
    assert len(header) == 63
    assert header[:3] == ("Timecode", "BlendShapeCount", "EyeBlinkLeft")
    assert header[16:20] == ("JawForward", "JawRight", "JawLeft", "JawOpen")
    assert header[23:25] == ("MouthRight", "MouthLeft")
    assert header[53:] == (
        *("TongueOut", "HeadYaw", "HeadPitch", "HeadRoll"),
        *("LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll"),
    )
    assert {row["BlendShapeCount"] for row in rows} == {"61"}
    assert float(rows[0]["JawLeft"]) == 0.25
    assert float(rows[0]["LeftEyePitch"]) == pytest.approx(-EYE_PITCH, abs=1e-6)
    assert float(rows[0]["RightEyePitch"]) == 0
    assert [rows[i]["Timecode"] for i in (0, 24, 25, 51)] == [
        "00:00:00:00.000",
        "00:00:00:24.000",
        "00:00:01:00.000",
        "00:00:02:01.000",
    ]


def test_time_code_after_an_hour(tmp_path: Path) -> None:
    still = Motion.still(1, fps=1 / 3600)
    write_csv(tmp_path / "a.csv", [still, still, still])
    assert (tmp_path / "a.csv").read_text().splitlines()[-1].startswith("02:00:00:00.000,")


def test_failure_while_writing_leaves_nothing_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")

    def broken() -> Iterator[Motion]:
        yield Motion.still(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_csv(path, broken())
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]
    assert path.read_text() == "old"


def test_unwritable_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist; make it first"):
        write_csv(tmp_path / "none" / "a.csv", [Motion.still(1)])


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    motion = random_motion(2)
    write_csv(tmp_path / "a.csv", [motion])
    rows = [line.split(",") for line in (tmp_path / "a.csv").read_text().splitlines()]
    (tmp_path / "b.csv").write_text("\n".join(",".join(row[::-1]) for row in rows).lower())
    np.testing.assert_allclose(read_csv(tmp_path / "b.csv", fps=60).shapes, motion.shapes, atol=1e-6)
    assert read_csv(tmp_path / "b.csv", fps=60).fps == 60


SPREADSHEETS: dict[str, Callable[[str], bytes]] = {
    "semicolons": lambda text: text.replace(",", ";").encode(),
    "semicolons and decimal commas": lambda text: text.replace(",", ";").replace(".", ",").encode(),
    "told separator": lambda text: ("sep=;\r\n" + text.replace(",", ";")).encode(),
    "tabs in UTF-16": lambda text: text.replace(",", "\t").encode("utf-16"),
    "lines of Windows and a mark": lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
    "lines of old Macs": lambda text: text.replace("\n", "\r").encode(),
    "commas behind": lambda text: text.replace("\n", ",,\n").encode(),
}


@pytest.mark.parametrize("kind", SPREADSHEETS)
def test_what_a_spreadsheet_saved_is_read(tmp_path: Path, kind: str) -> None:
    motion = random_motion(3)
    write_csv(tmp_path / "a.csv", [motion])
    (tmp_path / "b.csv").write_bytes(SPREADSHEETS[kind]((tmp_path / "a.csv").read_text()))
    np.testing.assert_allclose(read_csv(tmp_path / "b.csv").shapes, motion.shapes, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: "", "is empty"),
        (lambda text: "\n", "no column 'eyeblinkleft'"),
        (lambda text: text.replace("JawOpen", "Jaw"), "no column 'jawopen'"),
        (lambda text: text[:-200], "line 3 has"),
        (lambda text: text.replace("0.000000", "nan"), "line 2 holds"),
        (lambda text: text.replace("0.000000", "inf"), "line 2 holds"),
        (lambda text: text.replace("0.000000", "1e300"), "line 2 holds a number that is not finite, or beyond"),
        (lambda text: text.replace("0.000000", "zero"), "line 2: could not convert"),
        (lambda text: text.replace("0.000000", ""), "line 2: could not convert"),
        (lambda text: text.replace("Timecode", "Time"), "no column 'timecode'"),
        (lambda text: text.splitlines()[0], "there are no rows below the header"),
        (lambda text: text.replace("00:00:00:01.000", "soon"), "line 3 has the time code 'soon'"),
        (lambda text: text.replace("00:00:00:01.000", "00:00:00:00.000"), "of line 3 is not after that of line 2"),
        (lambda text: text.replace("00:00:00:00.000", "00:00:00:02.000"), "of line 3 is not after that of line 2"),
        (lambda text: text.replace("00:00:00:01.000", "09:00:00:01.000"), "of line 3 is 32400 s after that of line 2"),
    ],
)
def test_bad_csv(tmp_path: Path, change: Callable[[str], str], says: str) -> None:
    write_csv(tmp_path / "a.csv", [Motion.still(2)])
    (tmp_path / "a.csv").write_text(change((tmp_path / "a.csv").read_text()))
    with pytest.raises(InputError, match=says):
        read_csv(tmp_path / "a.csv")


@pytest.mark.parametrize("fps", VIDEO_RATES)
@pytest.mark.parametrize("frames", [1, 2, 10, 130])
def test_what_was_written_comes_back_to_the_last_digit(tmp_path: Path, fps: int, frames: int) -> None:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    write_csv(one, [replace(random_motion(frames), fps=fps)])
    back = read_csv(one, fps)
    write_csv(two, [back])
    assert len(back) == frames and back.fps == fps
    assert one.read_text() == two.read_text()


@pytest.mark.parametrize(("recorded", "wanted"), [(60, 25), (60, 24), (30, 60), (120, 25), (24, 50)])
def test_a_recording_of_any_rate(tmp_path: Path, recorded: int, wanted: int) -> None:
    motion = Motion.still(3 * recorded, recorded)
    motion.column("jawOpen")[:] = np.linspace(0, 1, 3 * recorded)
    write_csv(tmp_path / "a.csv", [motion])
    found = read_csv(tmp_path / "a.csv", wanted)
    assert len(found) == 3 * wanted
    middle = slice(wanted, 2 * wanted)  # in the middle of each frame the jaw is where it was at that time
    times = (np.arange(3 * wanted) + 0.5) / wanted
    expected = np.interp(times, (np.arange(3 * recorded) + 0.5) / recorded, motion.column("jawOpen"))
    np.testing.assert_allclose(found.column("jawOpen")[middle], expected[middle], atol=1e-4)


def test_an_app_that_starts_at_noon_and_drops_rows(tmp_path: Path) -> None:
    """Time codes as the app writes them: of the day, with parts of frames, two rows lost."""
    motion = random_motion(180)
    write_csv(tmp_path / "a.csv", [replace(motion, fps=60)])
    header, *lines = (tmp_path / "a.csv").read_text().splitlines()
    codes = [f"12:07:{41 + (i + 50) // 60}:{(i + 50) % 60 + 0.25:06.3f}" for i in range(180)]
    rows = [code + line[line.index(",") :] for code, line in zip(codes, lines, strict=True)]
    (tmp_path / "b.csv").write_text("\n".join([header, *rows[:100], *rows[102:]]))
    found = read_csv(tmp_path / "b.csv", 60)
    assert len(found) == 180
    np.testing.assert_allclose(found.shapes[:100], motion.shapes[:100], atol=1e-5)
    np.testing.assert_allclose(found.shapes[102:], motion.shapes[102:], atol=1e-5)


def test_missing_csv(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        read_csv(tmp_path / "none.csv")
