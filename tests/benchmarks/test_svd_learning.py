"""The benchmark of what svd learns: drawn, learned for two steps and measured, with few people."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("diffusers")
pytest.importorskip("transformers")
import svd_learning

from dicetalk.emotion.vocabulary import NAMES


def test_faces_tell_lips_and_feelings_apart() -> None:
    faces = [svd_learning.draw(svd_learning.person(1), 0.5, name, 1.0).astype(int) for name in NAMES]
    other = svd_learning.draw(svd_learning.person(1), 0.9, NAMES[0], 1.0)
    assert min(np.abs(a - b).max() for n, a in enumerate(faces) for b in faces[:n]) > 30
    assert np.abs(other - faces[0])[40:].max() > 100 and np.abs(other - faces[0])[:24].max() == 0


@pytest.mark.slow
def test_drawn_learned_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LEARNED": 2, "HELD_OUT": 1, "STRANGERS": range(2000, 2003), "STEPS": 2}.items():
        monkeypatch.setattr(svd_learning, name, value)

    def run(*words: str) -> None:
        monkeypatch.setattr(sys, "argv", ["svd_learning.py", *words])
        svd_learning.main()

    data, full, plain = (str(tmp_path / name) for name in ("data", "full", "plain"))
    run("draw", data)
    run("learn", data, full, "--set", "loop.steps=2", "--set", "batch=1")
    run("learn", data, plain, "--no-bank", "--set", "loop.steps=2", "--set", "batch=1")
    run("measure", data, full, plain, "--seeds", "1", "-o", str(tmp_path))
    (page,) = tmp_path.glob("*-svd-learning.md")
    told = page.read_text()
    assert "1 people who were never seen" in told and "- plain: `fresh=true" in told and ", no bank" in told
    rows = [line.split("|")[1].strip() for line in told.splitlines() if line.startswith("| ")][1:]
    assert rows[1:] == ["full", "full, speech silenced", "full, emotion silenced", "plain"]
