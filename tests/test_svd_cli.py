"""The commands around the svd backbone's weights and cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from svd_tiny import SIZES, write_release

from dicetalk.cli.official import import_official, weights
from dicetalk.cli.svd_cost import as_lines, as_records, preset_costs
from dicetalk.errors import CheckpointError
from dicetalk.official.release import PARTS


def test_weights_tell_sources_and_licences() -> None:
    told = CliRunner().invoke(weights)
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
    told = CliRunner().invoke(weights, ["--download", str(tmp_path)])
    assert told.exit_code == 0, told.output
    assert fetched == [(part.repository, tmp_path / part.folder) for part in PARTS]


def test_without_a_network_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*_: Any, **__: Any) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    told = CliRunner().invoke(weights, ["--download", str(tmp_path)])
    assert isinstance(told.exception, CheckpointError) and "could not be fetched" in str(told.exception)


def test_a_release_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicetalk.official.importing.SvdSizes", lambda: SIZES)
    release = write_release(tmp_path / "release")
    told = CliRunner().invoke(import_official, [str(release), str(tmp_path / "out"), "--quiet"])
    assert told.exit_code == 0, told.output
    assert told.output.strip() == str(tmp_path / "out")
    assert json.loads((tmp_path / "out" / "config.json").read_text())["kind"] == "svd"


def test_a_wrong_folder_is_named(tmp_path: Path) -> None:
    told = CliRunner().invoke(import_official, [str(tmp_path), str(tmp_path / "out")])
    assert isinstance(told.exception, CheckpointError) and "no unet.pth" in str(told.exception)
    assert not (tmp_path / "out").exists()


def test_costs_are_told_before_anything_is_loaded() -> None:
    costs = preset_costs(10.0, device="cpu")
    assert [(c.preset, c.memory) for c in costs][:3] == [("fast", "normal"), ("balanced", "normal"), ("best", "normal")]
    assert len(costs) == 6 and costs[0].petaflop < costs[1].petaflop < costs[2].petaflop
    assert all(low.peak_gb < normal.peak_gb for low, normal in zip(costs[3:], costs[:3], strict=True))
    json.dumps(as_records(costs))
    assert "for 10 s of speech" in as_lines(costs, 10.0)[0]
