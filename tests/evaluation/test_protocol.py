"""The protocol on MEAD: which trials there are, who may not be tested, and a whole run on films that stand in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import dicetalk
from measured import measured, rows
from tiny_graphs import mean_graph

from dicetalk.checkpoints import INDEX, write_config
from dicetalk.data.clip import Dropped
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.errors import ConfigError, InputError
from dicetalk.evaluation.appearance import Appearance
from dicetalk.evaluation.clip_set import Options
from dicetalk.evaluation.comparison import compare
from dicetalk.evaluation.literature import PUBLISHED
from dicetalk.evaluation.protocol import Choice, check_unseen, plan_mead
from dicetalk.evaluation.protocol_report import Run, write_run
from dicetalk.evaluation.report import Report
from dicetalk.evaluation.standing import read_rows
from dicetalk.evaluation.trials import Made, Making, digest_of, make_trials
from dicetalk.media import probe
from dicetalk.pipeline import load

pytest.importorskip("matplotlib")


def film(root: Path, speaker: str, emotion: str, level: int, sentence: str, file: Path | None = None) -> None:
    path = root / speaker / "video" / "front" / emotion / f"level_{level}" / f"{sentence}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    if file is None:
        path.touch()
    else:
        shutil.copy(file, path)


def corpus(root: Path, speakers: Sequence[str] = ("M003", "W009")) -> Path:
    """All emotions and levels of some people, four sentences each; nothing is in the files."""
    for speaker in speakers:
        for emotion in NAMES:
            for level in (1,) if emotion == NEUTRAL else (1, 2, 3):
                for sentence in ("001", "002", "003", "004"):
                    film(root, speaker, emotion, level, sentence)
    return root


def test_a_portrait_is_neutral_of_the_same_person_and_says_something_else(tmp_path: Path) -> None:
    plan = plan_mead(corpus(tmp_path), Choice(("M003", "W009"), clips=2))
    assert len(plan.trials) == 2 * 8 * 2 and plan.lacking == ()
    for trial in plan.trials:
        clip, portrait = trial.clip, trial.portrait
        assert portrait.emotion == NEUTRAL and portrait.identity == clip.identity
        assert portrait.sentence != clip.sentence
        assert clip.strength == (0.4 if clip.emotion == NEUTRAL else 1.0)
    assert [trial.clip.sentence for trial in plan.trials[:2]] == ["001", "003"]  # spread over what there is
    assert {trial.emotion for trial in plan.trials} == {NEUTRAL, *(f"{name}:1" for name in NAMES[1:])}
    assert plan == plan_mead(tmp_path, Choice(("M003", "W009"), clips=2))
    other = plan_mead(tmp_path, Choice(("M003",), clips=9, level="level_2"))
    assert other.trials[-1].emotion == "surprised:0.7" and "M003, happy: 4 of 9 clips" in other.lacking


def test_what_is_lacking_is_told(tmp_path: Path) -> None:
    film(corpus(tmp_path, ["M003"]), "W015", "sad", 3, "001")
    plan = plan_mead(tmp_path, Choice(clips=4))
    assert plan.lacking == ("M030: not there", "W009: not there", "W015: no neutral clip, so no portrait")
    with pytest.raises(InputError, match="allows no trial"):
        plan_mead(tmp_path, Choice(("W015",)))


def test_nobody_is_tested_who_was_learned_from(tmp_path: Path) -> None:
    people = ("M003", "W009")
    assert check_unseen(None, people) == "the backbone was taught nothing"
    for name, config in {
        "imported": {},
        "other": {"learned": ["hdtf"], "recipe": {"start": ""}},
        "held": {"learned": ["mead"], "recipe": {"held_out": ["mead_M003", "mead_W009"], "start": "gone"}},
        "seen": {"learned": ["hdtf", "mead"], "recipe": {"held_out": ["mead_M003"]}},
        "silent": {"learned": ["mead"], "recipe": {"held_out": []}},
        "later": {"learned": ["hdtf"], "recipe": {"start": str(tmp_path / "seen")}},
    }.items():
        (tmp_path / name).mkdir()
        write_config(tmp_path / name, "svd", 1, config)
    assert "does not tell by what it was taught" in check_unseen(tmp_path / "imported", people)
    assert check_unseen(tmp_path / "other", people) == "other was taught by hdtf, not by mead"
    assert check_unseen(tmp_path / "held", people) == (
        "held was taught by mead without M003, W009; gone, which it started from, is not here to be asked"
    )
    for name in ("seen", "later"):
        with pytest.raises(ConfigError, match=r"seen was taught by mead .* W009 were held out; .*held_out=mead_W009"):
            check_unseen(tmp_path / name, people)
    with pytest.raises(ConfigError, match="M003, W009 were held out"):
        check_unseen(tmp_path / "silent", people)
    (tmp_path / "as diffusers").mkdir()
    (tmp_path / "as diffusers" / INDEX).write_text(json.dumps({"dicetalk": {"learned": ["mead"]}}))
    with pytest.raises(ConfigError, match="were held out"):
        check_unseen(tmp_path / "as diffusers", people)


def test_the_plan_alone_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus(tmp_path / "MEAD", ["M003"])
    monkeypatch.chdir(tmp_path)
    assert dicetalk("evaluate", "protocol", "MEAD", "--plan", "--speakers", "M003", "--clips", "1") == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "name,speaker,emotion,strength,clip,sound,portrait" and len(lines) == 9
    assert err == "the backbone was taught nothing\n"
    assert [path.name for path in tmp_path.iterdir()] == ["MEAD"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("MEAD",), "give one by -o, or ask for the --plan alone"),
        (("MEAD", "--plan", "--speakers", "W001"), "allows no trial (W001: not there)"),
        (("MEAD", "--plan", "--emotion-scale", "8"), "--emotion-scale is an option of the svd backbone"),
        (("MEAD", "--plan", "--backbone", "taught"), "were held out"),
        (("gone", "--plan"), "no folder gone"),
        (("MEAD", "-o", "out", "--beside", "clips.json"), "clips.json holds no rows"),
        (("MEAD", "-o", "out", "--fid-network", "gone.onnx"), "gone.onnx cannot be opened"),
    ],
)
def test_what_goes_wrong_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: Sequence[str],
    message: str,
) -> None:  # fmt: skip
    corpus(tmp_path / "MEAD", ["M003"])
    (tmp_path / "taught").mkdir()
    write_config(tmp_path / "taught", "svd", 1, {"learned": ["mead"]})
    (tmp_path / "clips.json").write_text('{"rows": 3}')
    monkeypatch.chdir(tmp_path)
    assert dicetalk("evaluate", "protocol", "-q", *words) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err and err.count("\n") == 1


@pytest.mark.slow
def test_a_run_stands_beside_real_videos_and_the_literature_and_goes_on(
    talking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for emotion, level, sentence in ((NEUTRAL, 1, "001"), (NEUTRAL, 1, "002"), ("happy", 3, "001")):
        film(tmp_path / "MEAD", "M003", emotion, level, sentence, talking)
    mean_graph(tmp_path / "fid.onnx", 299, 299)
    monkeypatch.chdir(tmp_path)
    how = ("--speakers", "M003", "--clips", "1", "--size", "128", "--fid-network", "fid.onnx")
    words = ("evaluate", "protocol", "MEAD", "-o", "out", "-q", "--json", *how)
    assert dicetalk(*words) == 0
    told = json.loads(capsys.readouterr().out)
    assert json.loads(Path("out/protocol.json").read_text()) == told
    found = {row["system"]: row for row in told["rows"]}
    assert list(found)[:2] == ["real video, measured here", "rules"] and found["EAT"]["source"] == "literature"
    assert found["real video"]["figures"]["lse_c"]["value"] == 8.04
    ours = found["rules"]["figures"]
    assert ours["emotion_own"]["count"] == 2 and ours["fid"]["clips"] == 2
    assert ours["lmd_lips"]["value"] > 0 and "lmd_lips" in found["rules, a still face"]["figures"]
    assert [trial["name"] for trial in told["trials"]] == ["M003_neutral_level_1_001", "M003_happy_level_3_001"]
    page = Path("out/protocol.md").read_text()
    assert "| *DICE-Talk (release)* | *6.61* | *8.76* |" in page and "a judge tuned on MEAD" in page
    assert "networks: fid fid.onnx" in page and "M003, sad: 0 of 1 clips" in page
    assert Path("out/protocol.png").stat().st_size > 10_000 and Path("out/evaluation.md").is_file()
    for folder in ("videos", "real"):
        picture, sound = probe(Path("out") / folder / "M003_happy_level_3_001.mp4")
        assert picture and sound and (picture.width, picture.height, picture.fps) == (128, 128, 25)
    before = {path: path.stat().st_mtime_ns for path in Path("out/videos").iterdir()}
    assert dicetalk(*words, "--beside", "out/protocol.json") == 0
    assert {path: path.stat().st_mtime_ns for path in Path("out/videos").iterdir()} == before
    assert [row["system"] for row in json.loads(capsys.readouterr().out)["rows"]].count("rules") == 2
    assert dicetalk(*words, "--seed", "1") == 2
    assert "holds videos made by" in json.loads(capsys.readouterr().out)["error"]


def test_videos_are_made_alike_once_and_in_one_manner(talking: Path, tmp_path: Path) -> None:
    for emotion, level, sentence in ((NEUTRAL, 1, "002"), ("happy", 3, "001")):
        film(tmp_path / "MEAD", "M003", emotion, level, sentence, talking)
    film(tmp_path / "MEAD", "M003", "sad", 3, "001")  # holds nothing
    plan = plan_mead(tmp_path / "MEAD", Choice(("M003",), clips=1))
    left: list[Dropped] = []
    making = Making("rules", size=64)

    def make(making: Making) -> Made:
        return make_trials(plan, load(), making, tmp_path / "out", lambda _done, _total: None, left.append)

    made = make(making)
    assert [drop.file.parts[-3] for drop in left] == ["sad"]
    assert list(made["videos"]) == list(made["real"]) == ["M003_happy_level_3_001"]
    for path in (made["videos"]["M003_happy_level_3_001"], made["real"]["M003_happy_level_3_001"]):
        picture, sound = probe(path)
        assert picture and sound and (picture.width, picture.height, picture.fps) == (64, 64, 25)
    before = made["videos"]["M003_happy_level_3_001"].stat().st_mtime_ns
    assert make(making)["videos"]["M003_happy_level_3_001"].stat().st_mtime_ns == before
    with pytest.raises(ConfigError, match="holds videos made by"):
        make(Making("rules", seed=1, size=64))
    with pytest.raises(ConfigError, match="holds videos made by"):
        make(replace(making, weights=digest_of(tmp_path / "MEAD" / "..")))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of which nothing was filmed."""
    plan = plan_mead(corpus(tmp_path / "MEAD", ["M003"]), Choice(("M003",), clips=1))
    looks = [Appearance(pictures=rows(n), faces=rows(n), sync=(8.0 + n, 6.0)) for n in range(3)]
    sets = {
        "videos": [measured(f"clip {n}", wanted="happy", looks=look) for n, look in enumerate(looks)],
        "reference": [measured(f"clip {n}", wanted="sad", looks=look) for n, look in enumerate(looks)],
    }
    comparison = compare(sets["videos"], sets["reference"], Options())
    report = Report(comparison, sets, [], Options(), ["FVD: give --fvd-network"], 1.0)
    return Run(plan, Making("runs/svd"), {"emotion_scale": 8.0}, "svd was taught by hdtf, not by mead", report)


def test_real_ours_and_the_literature_stand_side_by_side(run: Run, tmp_path: Path) -> None:
    write_run(run, tmp_path)
    told = json.loads((tmp_path / "protocol.json").read_text())
    found = {row["system"]: row for row in told["rows"]}
    assert list(found)[:2] == ["real video, measured here", "svd (emotion_scale 8.0)"]
    assert list(found)[-6:] == [line.system for line in PUBLISHED]
    assert {row["source"] for row in told["rows"]} == {"measured", "literature"}
    ours = found["svd (emotion_scale 8.0)"]["figures"]
    assert (ours["lse_d"]["value"], ours["lse_c"]["value"], ours["emotion_own"]["value"]) == (9.0, 6.0, 1.0)
    assert (ours["fid"]["value"], ours["lmd_lips"]["value"]) == (pytest.approx(0, abs=1e-6), 0)
    assert found["real video, measured here"]["figures"]["emotion_own"]["value"] == 0
    assert found["real video"]["figures"]["emotion"]["value"] == pytest.approx(0.8538)
    text = (tmp_path / "protocol.md").read_text()
    assert "| *DICE-Talk (release)* | *6.61* | *8.76* | *74.90* |  | *0.63* |" in text and "tuned on MEAD" in text
    assert "8 clips of mead_M003: 1 neutral, 1 angry" in text and "FVD: give --fvd-network" in text
    assert (tmp_path / "protocol.png").stat().st_size > 10_000
    (earlier,) = read_rows(tmp_path / "protocol.json")
    assert earlier.figures["lse_d"].value == 9.0
    assert [row.system for row in replace(run, others=[earlier]).rows()].count(earlier.system) == 2
