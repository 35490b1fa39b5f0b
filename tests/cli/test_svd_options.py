"""The commands around the svd backbone's weights and cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from svd_tiny import SIZES, tiny_config, write_release

from dicetalk.checkpoints import write_config
from dicetalk.cli import cli
from dicetalk.cli.failures import run
from dicetalk.cli.forecast import duration
from dicetalk.errors import CheckpointError
from dicetalk.official.release import PARTS
from dicetalk.svd.sizes import KIND, VERSION


def test_weights_tell_sources_and_licences() -> None:
    told = CliRunner().invoke(cli, ["weights"])
    assert told.exit_code == 0
    for part in PARTS:
        assert part.repository in told.output and part.licence in told.output
    assert "dicetalk import-official" in told.output


def test_weights_are_fetched_part_by_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[tuple[str, Path]] = []

    def fetch(name: str, *, allow_patterns: list[str], local_dir: Path) -> None:
        assert allow_patterns
        fetched.append((name, local_dir))

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    told = CliRunner().invoke(cli, ["weights", "--download", str(tmp_path)])
    assert told.exit_code == 0, told.output
    assert fetched == [(part.repository, tmp_path / part.folder) for part in PARTS]


def test_without_a_network_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*_: Any, **__: Any) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    told = CliRunner().invoke(cli, ["weights", "--download", str(tmp_path)])
    assert isinstance(told.exception, CheckpointError) and "could not be fetched" in str(told.exception)


def test_a_release_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicetalk.official.importing.SvdSizes", lambda: SIZES)
    release = write_release(tmp_path / "release")
    told = CliRunner().invoke(cli, ["import-official", str(release), str(tmp_path / "out"), "--quiet"])
    assert told.exit_code == 0, told.output
    assert told.output.strip() == str(tmp_path / "out")
    assert json.loads((tmp_path / "out" / "config.json").read_text())["kind"] == "svd"


def test_a_wrong_folder_is_named(tmp_path: Path) -> None:
    told = CliRunner().invoke(cli, ["import-official", str(tmp_path), str(tmp_path / "out")])
    assert isinstance(told.exception, CheckpointError) and "no unet.pth" in str(told.exception)
    assert not (tmp_path / "out").exists()


def doctor(*arguments: str) -> int:
    return run(cli, ["doctor", "--device", "cpu", *arguments])


@pytest.mark.slow
def test_the_doctor_predicts_from_a_checkpoints_config_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config(tmp_path, KIND, VERSION, tiny_config())  # no weights beside it: nothing can be loaded
    assert doctor("--backbone", str(tmp_path), "--seconds", "20", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    found = record["forecast"]
    assert record["ok"] and record["backbones"] == {"svd": True} and record["speed"] is None
    assert (found["device"], found["precision"], found["seconds"]) == ("cpu", "float32", 20.0)
    assert [(c["preset"], c["memory"]) for c in found["costs"]][::4] == [("fast", "normal"), ("balanced", "low")]
    assert all(c["fits"] and c["predicted_s"] > 0 for c in found["costs"])


@pytest.mark.slow
def test_the_doctor_says_what_fits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(tmp_path, KIND, VERSION, tiny_config())
    assert doctor("--backbone", str(tmp_path)) == 0
    text = capsys.readouterr().out
    assert "the svd backbone can run here" in text and "fits here: --preset fast, --preset balanced" in text
    monkeypatch.setattr("dicetalk.svd.cost.free_bytes", lambda _device: 10**9)
    assert doctor("--backbone", str(tmp_path)) == 2
    text = capsys.readouterr().out
    assert "cannot run here" in text
    assert "no preset fits here; preset balanced with memory low and short_side 256 fits" in text


def test_the_doctor_refuses_wrong_folders_and_devices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in (
        (("--backbone", str(tmp_path)), "not a checkpoint"),
        (("--backbone", "gpu"), "no backbone is called 'gpu'"),
        (("--backbone", "rules"), "--device is for the svd backbone"),
        (("--backbone", "svd", "--device", "cuda:99"), "there is no cuda:99 here"),
    ):
        assert doctor(*arguments) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and words in err


def test_the_doctor_tells_missing_packages(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "dicetalk.evaluation.machine.required", lambda extra: ["no-such-package"] if extra == "svd" else []
    )
    assert doctor("--backbone", "svd", "--json") == 2
    record = json.loads(capsys.readouterr().out)
    assert record["forecast"] is None and not record["ok"]
    assert record["checks"][-1]["hint"] == "pip install -e '.[svd]' in the clone of DiceTalk"


def test_times_are_told_in_the_unit_that_suits_them() -> None:
    assert [duration(s) for s in (5.2, 119, 150, 4000, 30000, 200000)] == [
        "5 s", "119 s", "2.5 min", "67 min", "8.3 h", "2.3 days",
    ]  # fmt: skip
