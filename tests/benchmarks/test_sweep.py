"""The sweep of options: every combination, judged on people who are not learned from."""

from __future__ import annotations

from pathlib import Path

import pytest
from learning import TINY
from sweep import settings, sweep

from dicetalk.config import changed
from dicetalk.errors import ConfigError, InputError

BASE = changed(TINY, ["loop.steps=30", "people=2", "held_out="])


def test_every_combination() -> None:
    assert settings(["a.b=1,2", "c=3"]) == [("a.b=1", "c=3"), ("a.b=2", "c=3")]
    for wrong in ("a", "a=", "a=1,,2"):
        with pytest.raises(ConfigError, match="OPTION=VALUE"):
            settings([wrong])


@pytest.mark.slow
def test_a_sweep(prepared: Path, tmp_path: Path) -> None:
    tried = settings(["between=0,1"])
    rows = list(sweep([prepared], tmp_path, BASE, ["cid", "dora"], tried))
    assert [row.split("|")[1].strip() for row in rows] == ["setting", "between=0", "between=1"]
    assert all("ratio" in cell for cell in rows[1].split("|")[2:-1])
    weights = [(tmp_path / f"between={n}" / "embedder.safetensors").read_bytes() for n in (0, 1)]
    assert weights[0] != weights[1]
    assert list(sweep([prepared], tmp_path, BASE, ["cid", "dora"], tried)) == rows  # resumed at its end
    assert '"dora"' in (tmp_path / "between=0" / "config.json").read_text()


@pytest.mark.parametrize("judges", [["dora"], ["eve"], ["cid", "dora"]])
def test_who_cannot_judge(judges: list[str], prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not hold out"):
        list(sweep([prepared], tmp_path, TINY, judges, []))
