"""The table of what draws: found by name or folder, loaded with its options, refused in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import fake_backbone
import pytest

from dicetalk.backbone import DEFAULT, KINDS, Kind, Moves, Place, find_backbone, load_backbone, named
from dicetalk.checkpoints import write_config
from dicetalk.emotion.space import SHIPPED
from dicetalk.errors import CheckpointError, ConfigError, MissingExtraError
from dicetalk.svd.options import SvdOptions


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(KINDS, "fake", fake_backbone.KIND)
    return tmp_path


def checkpoint(folder: Path, kind: str) -> Path:
    folder.mkdir()
    write_config(folder, kind, 1, {})
    return folder


def test_kinds_by_name(desk: Path) -> None:
    assert find_backbone("rules") == Place("rules", None) and find_backbone(DEFAULT).kind.moves
    with pytest.raises(CheckpointError, match=r"there is no folder dice-svd here; give the folder of a checkpoint"):
        find_backbone("svd")
    checkpoint(desk / "dice-svd", "svd")
    assert find_backbone("svd") == Place("svd", Path("dice-svd"))


def test_folders_by_what_they_hold(desk: Path) -> None:
    mine = checkpoint(desk / "mine", "svd")
    for name in (mine, str(mine), "mine"):
        assert find_backbone(name) == Place("svd", Path(name))
    checkpoint(desk / "other", "fake")
    assert find_backbone("other").kind is fake_backbone.KIND
    with pytest.raises(CheckpointError, match=r"of kind 'embedder', which draws nothing; give another"):
        find_backbone(SHIPPED)
    (desk / "empty").mkdir()
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        find_backbone("empty")


def test_neither(desk: Path) -> None:
    (desk / "file").write_text("")
    for name in ("gpu", "file", "Rules", ""):
        if name:
            with pytest.raises(ConfigError, match=f"no backbone is called {name!r}; choose rules, motion, svd, fake, or the"):
                find_backbone(name)


def test_one_is_loaded_with_its_folder_and_options(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Any, Any]] = []

    def load(*given: Any) -> str:
        seen.append((given[0], given[1]))
        return "loaded"

    monkeypatch.setattr(fake_backbone, "load_fake", load)
    assert load_backbone("fake") == "loaded"  # type: ignore[comparison-overlap]
    with_options = Kind(loads="fake_backbone:load_fake", options="dicetalk.svd.options:SvdOptions")
    monkeypatch.setitem(KINDS, "fake", with_options)
    folder, options = checkpoint(desk / "mine", "fake"), SvdOptions(preset="fast")
    load_backbone(folder, options)
    assert seen == [(None, None), (folder, options)]


def test_options_of_another_kind_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="options were given, which the rules backbone has none of; give none"):
        load_backbone("rules", SvdOptions())
    monkeypatch.setitem(KINDS, "fake", Kind(loads="x:y", options="dicetalk.svd.options:SvdOptions"))
    with pytest.raises(ConfigError, match="the fake backbone takes SvdOptions, not dict"):
        load_backbone("fake", {"preset": "fast"})


def test_packages_that_are_not_installed_are_named_before_anything_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = Kind(loads="no.such.module:load", extra="svd", packages=("numpy", "no_such_package"))
    monkeypatch.setitem(KINDS, "fake", lacking)
    with pytest.raises(MissingExtraError, match=r"no_such_package is not installed; run: pip install -e '\.\[svd\]'"):
        load_backbone("fake")


@pytest.mark.parametrize("name", ["rules", "svd"])
def test_every_place_of_the_table_is_there(name: str) -> None:
    kind = KINDS[name]
    if name == "svd":
        pytest.importorskip("diffusers")
    places = [place for place in (kind.loads, kind.options, kind.forecast) if place]
    assert all(callable(named(place)) for place in places)
    assert bool(kind.extra) == bool(kind.packages)


def test_the_rules_move() -> None:
    assert isinstance(load_backbone("rules"), Moves)


def test_reading_the_table_loads_nothing_heavy() -> None:
    program = "import sys, dicetalk.backbone; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"numpy", "cv2", "av", "numba", "scipy", "torch", "diffusers"}.isdisjoint(done.stdout.split())
