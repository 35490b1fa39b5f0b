"""What the doctor finds for the rules and how it is told; what it predicts for svd is tested in test_svd_options.py."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest
from command_line import dicetalk

from dicetalk.errors import MediaError
from dicetalk.evaluation.machine import Check
from dicetalk.evaluation.speed import Speed

SPEED = Speed(frames_per_s=50.0, start_s=1.5, speech_s=20.0, predicted_s=11.5, memory_mb=400, size="96 x 96")


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """What was asked to be measured; nothing is."""
    asked: list[tuple[str, float]] = []

    def measure(name: str, seconds: float) -> Speed:
        asked.append((name, seconds))
        return SPEED

    monkeypatch.setattr("dicetalk.evaluation.speed.measure", measure)
    return asked


def test_doctor_measures_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("doctor", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["ok"] is True and record["backbones"] == {"rules": True}
    found = {check["name"]: check for check in record["checks"]}
    assert found["onnxruntime"]["found"] == version("onnxruntime")
    assert {"python", "face models", "speech models", "H.264 encoder", "AAC encoder", "cores"} <= found.keys()
    assert record["speed"]["frames_per_s"] > 1
    assert record["speed"]["predicted_s"] > record["speed"]["start_s"] > 0


def test_doctor_tells_what_is_missing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicetalk.evaluation.machine.SPEECH_MODELS", ("en-us/nothing.bin",))
    assert dicetalk("doctor") == 2
    text = " ".join(capsys.readouterr().out.split())
    assert "NO speech models" in text
    assert "the rules backbone cannot run here" in text


def test_one_line_says_how_long_it_would_take(
    measured: list[tuple[str, float]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicetalk.evaluation.machine.missing_extras", lambda: {"svd": ["torch", "diffusers"]})
    assert dicetalk("doctor", "--seconds", "20") == 0
    assert measured == [("rules", 20.0)]
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "the rules backbone can run here",
        "speed: 50 frames a second at 96 x 96, 1.5 s to start, memory 400 MB; 20 s of speech take about 12 s",
        "not installed: torch, diffusers; to install: pip install -e '.[svd]' in the clone of DiceTalk",
    ]


def test_brackets_are_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    odd = Check("[bold]odd[/bold]", False, "[red]in[/]", "pip install -e '.[svd]'")
    monkeypatch.setattr("dicetalk.evaluation.machine.common_checks", lambda: [odd])
    assert dicetalk("doctor") == 2
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("[bold]odd[/bold]", "[red]in[/]", "pip install -e '.[svd]'"))


def test_nothing_is_made_where_something_is_missing(
    measured: list[tuple[str, float]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicetalk.evaluation.machine.FACE_MODELS", ("nothing.onnx",))
    assert dicetalk("doctor", "--json") == 2
    record = json.loads(capsys.readouterr().out)
    assert measured == [] and record["speed"] is None
    assert record["ok"] is False and record["backbones"] == {"rules": False}
    (missing,) = [check for check in record["checks"] if not check["ok"]]
    assert missing["name"] == "face models" and "nothing.onnx is missing" in missing["found"] and missing["hint"]


def test_a_second_that_cannot_be_made_is_one_more_finding(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str, seconds: float) -> Speed:
        raise MediaError("no space left")

    monkeypatch.setattr("dicetalk.evaluation.speed.measure", fail)
    assert dicetalk("doctor", "--json") == 2
    record = json.loads(capsys.readouterr().out)
    last = record["checks"][-1]
    assert (last["name"], last["ok"], last["found"]) == ("one second of video", False, "no space left")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--backbone", "gpu"), "no backbone is called 'gpu'"),
        (("--backbone", "."), "not a checkpoint"),
        (("--device", "cpu"), "--device is for the svd backbone, and rules draws here; add --backbone svd"),
        *((("--seconds", text), "--seconds is ") for text in ("0", "-1", "nan", "inf", "-inf", "1e300", "86401")),
    ],
)
def test_words_that_are_refused(
    words: tuple[str, ...],
    says: str,
    tmp_path: Path,
    measured: list[tuple[str, float]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert dicetalk("doctor", *words) == 2
    assert says in capsys.readouterr().err and measured == []
