"""The report: the same figures as a table, as JSON and in pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from footages import footage, mouth_of
from measured import measured

from dicetalk.commands import Command
from dicetalk.data.clip import Dropped
from dicetalk.errors import MediaError
from dicetalk.evaluation.clip_set import Options
from dicetalk.evaluation.comparison import compare
from dicetalk.evaluation.report import Report, table, to_json, write_report
from dicetalk.evaluation.verdicts import confusion, verdict_figures
from dicetalk.evaluation.wanted import Part
from dicetalk.media import read_picture

pytest.importorskip("matplotlib")


@pytest.fixture
def report() -> Report:
    videos = [
        measured("sub/one", footage("sub/one"), wanted="happy"),
        measured("other", footage("other", mouth_of(("SIL", "O", "P", "A", "E", "M", "T", "I", "SIL"))), wanted="sad"),
    ]
    reference = [measured("real", footage("real"))]
    options = Options(seam_every=1.0)
    dropped = [Dropped(Path("videos/bad.mp4"), "videos/bad.mp4 has no sound; give videos with both")]
    sets = {"videos": videos, "reference": reference}
    return Report(compare(videos, reference, options), sets, dropped, options, ["FID: give --fid-network"], 1.5)


def test_the_table_has_a_line_a_figure_and_a_column_a_set(report: Report) -> None:
    lines = table(report.comparison).splitlines()
    assert lines[0] == "| figure | videos | videos, another clip's sound " + (
        "| videos, a mouth that follows loudness | videos, a still face | reference | of |"
    )
    assert {line.count("|") for line in lines} == {lines[0].count("|")}
    assert lines[2].startswith("| lips shut on p, b, m | 1.00 (1.00 to 1.00), 5 |")
    assert len(lines) == 2 + len(report.comparison.figures)


def test_json_holds_every_figure_of_every_set_and_clip(report: Report) -> None:
    told = json.loads(json.dumps(to_json(report)))
    assert set(told["sets"]["videos"]["clips"]) == {"sub/one", "other"}
    closure = told["sets"]["videos"]["figures"]["closure"]
    assert closure == {"value": 1.0, "low": 1.0, "high": 1.0, "count": 5, "clips": 2}
    assert told["sets"]["videos"]["clips"]["sub/one"]["closure"] == {"value": 1.0, "count": 3}
    assert told["emotions"]["videos"]["clips"]["other"] == {
        "wanted": "sad",
        "read": {"own": {"happy": 0.6, "sad": 0.4}},
    }
    assert told["emotions"]["videos"]["confusion"]["own"] == {"happy": {"happy": 1}, "sad": {"happy": 1}}
    assert told["left_out"][0]["reason"].endswith("give videos with both")
    assert told["lacking"] == ["FID: give --fid-network"]


def test_each_part_of_what_changes_counts_for_its_time() -> None:
    turns = (Part(0.0, 3.0, "happy"), {"happy": 0.9, "sad": 0.1}), (Part(3.0, 4.0, "sad"), {"happy": 0.6, "sad": 0.4})
    changing = replace(measured("one", wanted="happy"), parts=turns)
    assert verdict_figures(changing) == {"emotion_own": (0.75, 1)}
    assert confusion([changing], "own") == {"happy": {"happy": 1}, "sad": {"happy": 1}}
    report = Report(compare([changing], [], Options()), {"videos": [changing]}, [], Options(), [], 0.0)
    (first, second) = to_json(report)["emotions"]["videos"]["clips"]["one"]["parts"]
    assert first == {"start": 0.0, "end": 3.0, "wanted": "happy", "read": {"happy": 0.9, "sad": 0.1}}
    assert second["wanted"] == "sad"


@pytest.mark.slow
def test_page_and_pictures_are_written(report: Report, tmp_path: Path) -> None:
    drawn: list[tuple[int, int]] = []
    write_report(report, tmp_path, lambda done, total: drawn.append((done, total)))
    assert drawn == [(1, 3), (2, 3), (3, 3)]
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert names == [
        "clips/reference_real.png",
        "clips/videos_other.png",
        "clips/videos_sub_one.png",
        "emotions-own.png",
        "evaluation.json",
        "evaluation.md",
        "figures.png",
        "spectra.png",
    ]
    page = (tmp_path / "evaluation.md").read_text()
    assert table(report.comparison) in page
    assert "2 videos, 1 reference" in page and "- bad.mp4: videos/bad.mp4 has no sound" in page
    for name in names:
        if name.endswith(".png"):
            assert read_picture(tmp_path / name).std() > 5  # something is drawn
            if not name.startswith("clips/"):
                assert f"({name})" in page
    assert json.loads((tmp_path / "evaluation.json").read_text()) == to_json(report)


def test_names_that_would_be_one_file_get_a_picture_each(report: Report, tmp_path: Path) -> None:
    names = ["a/b", "a_b", "a_b-2", "A_B"]
    videos = [measured(name, footage(name), wanted="happy") for name in names]
    options = Options(judges=(Command("judge", ("a b.py", "{frames}")), Command("judge", ("a-b.py", "{frames}"))))
    for clip in videos:
        clip.readings.update({judge: {"happy": 1.0} for judge in options.judge_names})
    write_report(
        Report(compare(videos, [], options), {"videos": videos}, [], options, [], 1.0),
        tmp_path,
        lambda done, total: None,
    )
    assert sorted(path.name for path in (tmp_path / "clips").iterdir()) == [
        "videos_A_B-3.png",
        "videos_a_b-2-2.png",
        "videos_a_b-2.png",
        "videos_a_b.png",
    ]
    page = (tmp_path / "evaluation.md").read_text()
    for name in ("emotions-a-b.png", "emotions-a-b-2.png"):
        assert (tmp_path / name).is_file() and f"({name})" in page


def test_names_of_any_kind_are_shown(tmp_path: Path) -> None:
    odd = measured("a$b^$|c\udcff", footage("odd"), wanted="happy")
    report = Report(compare([odd], [], Options()), {"videos": [odd]}, [], Options(), [], 1.0)
    write_report(report, tmp_path, lambda done, total: None)
    assert r"| a$b^$\|c? |" in (tmp_path / "evaluation.md").read_text()


def test_a_folder_that_cannot_be_written_is_told(report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MediaError, match="cannot be written"):
        write_report(report, tmp_path / "file", lambda done, total: None)
