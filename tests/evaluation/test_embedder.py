"""Probes of a trained embedder: fitted on the people it learned from, measured on those held out."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicetalk.checkpoints import CONFIG
from dicetalk.errors import CheckpointError, InputError
from dicetalk.evaluation.embedder import evaluate_embedder
from dicetalk.evaluation.emotion_score import table


def test_every_way_of_looking_has_a_row(prepared: Path, tiny_embedder: Path, tmp_path: Path) -> None:
    rows = evaluate_embedder(prepared, tiny_embedder, tmp_path / "out")
    assert [row.what for row in rows] == ["audio", "video", "both", "audio, raw rows", "video, raw rows"]
    assert all(row.emotion.chance == pytest.approx(1 / 3) and 0 <= row.emotion.accuracy <= 1 for row in rows)
    assert (tmp_path / "out" / "embedder.md").read_text() == table(rows) + "\n"
    assert len(list((tmp_path / "out").glob("*.png"))) == 6
    assert evaluate_embedder(prepared, tiny_embedder) == rows  # the same again, and nothing written


@pytest.mark.parametrize("names", ["", '"ann", "bob", "cid", "dora"', '"eve"'])
def test_people_held_out_and_others_are_needed(prepared: Path, tiny_embedder: Path, tmp_path: Path, names: str) -> None:
    import re
    import shutil

    copy = Path(shutil.copytree(tiny_embedder, tmp_path / "copy"))
    config = copy / "hearing" / CONFIG
    text = config.read_text()
    changed = re.sub(r'"held_out": \[[^\]]*\]', f'"held_out": [{names}]', text)
    assert changed != text
    config.write_text(changed)
    with pytest.raises(InputError, match=r"needs clips of people held out \(.+\) and of others"):
        evaluate_embedder(prepared, copy)


def test_a_folder_that_holds_no_embedder(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        evaluate_embedder(prepared, tmp_path)
