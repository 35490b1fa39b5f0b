"""From a prepared folder to a table: the commands train and evaluate, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from dicetalk.cli import cli
from dicetalk.errors import ConfigError, DiceTalkError, InputError
from dicetalk.evaluation.emotion_score import Vectors, probe_identity, probe_row, table

CHANGES = ["sizes.inner=16", "sizes.layers=1", "sizes.heads=2", "sizes.width=16", "loop.rate=1e-2", "loop.warmup=5",
           "people=3", "frames=16", "held_out=cid,dora", "sizes.dropout=0"]  # fmt: skip


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


def trained(prepared: Path, out: Path, steps: int) -> Result:
    changes = [word for change in CHANGES for word in ("--set", change)]
    return run("train", "embedder-small", prepared, "-o", out, *changes, "--set", f"loop.steps={steps}")


@pytest.mark.slow
def test_train_and_evaluate(prepared: Path, tmp_path: Path) -> None:
    assert trained(prepared, tmp_path / "run", 120).exit_code == 0  # misread faces take longer to learn
    done = run("evaluate", "embedder", prepared, "--checkpoint", tmp_path / "run", "-o", tmp_path / "results", "--json")
    rows = {row["what"]: row for row in json.loads(done.output)["rows"]}
    assert list(rows) == ["audio", "video", "both", "audio, raw rows", "video, raw rows"]
    assert rows["both"]["emotion"]["accuracy"] == 1.0
    assert rows["both"]["emotion"]["chance"] == pytest.approx(1 / 3)
    names = {file.name for file in (tmp_path / "results").iterdir()}
    pictures = {f"{kind}-{what}.png" for kind in ("confusion", "map") for what in ("audio", "video", "both")}
    assert names == {"embedder.md", *pictures}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["train", "embedder-big", "{data}", "-o", "{out}"], ConfigError),
        (["train", "embedder-small", "{data}", "-o", "{out}", "--set", "loop.stops=1"], ConfigError),
        (["train", "embedder-small", "{out}", "-o", "{out}/run"], InputError),
        (["evaluate", "embedder", "{data}", "--checkpoint", "{out}"], DiceTalkError),
        (["prepare", "mead", "{data}", "{out}"], InputError),
        (["prepare", "synthetic", "{data}", "{out}/made", "--hours", "nan"], InputError),
        (["prepare", "synthetic", "{data}", "{out}/made", "--for", "motion"], InputError),
        (["train", "motion-tiny", "{data}", "-o", "{out}/run"], InputError),
    ],
)
def test_wrong_words(words: list[str], error: type[Exception], prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(error):
        run(*(word.format(data=prepared, out=tmp_path) for word in words))


@pytest.mark.parametrize(
    "words",
    [
        "synthetic {data} {out} --faces 2",
        "acted {data} {out} --hours 3",
        "folder {data} {out} --seed 0",
        "folder {data} {out} --for motion --crop 128",
    ],
)
def test_an_option_without_use_is_told(words: str, prepared: Path, tmp_path: Path) -> None:
    option = words.split()[-2]
    with pytest.raises(InputError, match=f"has no use for {option}; leave it out"):
        run("prepare", *(word.format(data=prepared, out=tmp_path) for word in words.split()))
    assert not [*tmp_path.iterdir()]


def vectors(identities: int, clips: int, voice: float, seed: int) -> Vectors:
    """Emotion in the first columns, identity in the last ones."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(identities), clips)
    emotion = np.tile(np.arange(clips) % 4, identities)
    values = np.column_stack([4 * np.eye(4)[emotion], voice * np.eye(identities)[who]])
    return Vectors(values + rng.normal(size=values.shape), emotion, who)


def test_identity_is_told_when_it_is_there() -> None:
    assert probe_identity(vectors(6, 40, 4.0, 0)).accuracy > 0.8
    absent = probe_identity(vectors(6, 40, 0.0, 0))
    assert absent.accuracy < 2 * absent.chance == pytest.approx(2 / 6)


def test_a_line_of_the_table() -> None:
    row, shares = probe_row("audio", vectors(6, 40, 0.0, 0), vectors(6, 40, 0.0, 1))
    assert row.emotion.accuracy > 0.9 and shares.shape == (8, 8)
    np.testing.assert_allclose(shares[:4].sum(1), 1)
    assert "| audio | 0." in table([row]) and table([row]).count("\n") == 2
