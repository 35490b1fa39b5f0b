"""Turns of shards: each has one, processes have others, a run that goes on has the same, and little is kept."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("diffusers")
pytest.importorskip("fsspec")
from latents_made import made_latents
from safetensors.torch import load_file

from dicetalk.data.shards import DONE, read_shards, write_shards
from dicetalk.errors import ConfigError, InputError
from dicetalk.training.loop import LoopOptions
from dicetalk.training.recipes import SVD_TINY
from dicetalk.training.stage2_svd import train_svd
from dicetalk.training.svd_shards import ShardStream


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("shards")
    write_shards([made_latents(base / "made", people=5)], base / "shards", 1)
    return base / "shards"


def stream(shards: Path, cache: Path, rank: int = 0, count: int = 1, away: str = "") -> ShardStream:
    found = tuple(read_shards(str(shards)))
    return ShardStream(place=str(shards), shards=found, cache=cache, away=frozenset([away]), seed=0, stay=3, steps=99,
                       rank=rank, count=count)  # fmt: skip


def people(of: ShardStream, turn: int) -> set[str]:
    return {clip.identity for clip in of.clips(turn)}


def test_every_shard_has_its_turn_and_others_are_removed(shards: Path, tmp_path: Path) -> None:
    one = stream(shards, tmp_path)
    assert [one.turn(step) for step in (0, 2, 3, 7)] == [0, 0, 1, 2]
    turns = [people(one, turn) for turn in range(4)]
    assert all(len(turn) == 2 for turn in turns) and len(set.union(*turns)) == 5
    assert all(turns[n] & turns[n + 1] for n in range(3))
    assert len(list((tmp_path / "0").iterdir())) <= 3  # two, and the next
    assert [people(stream(shards, tmp_path), turn) for turn in range(4)] == turns


def test_the_next_shard_is_fetched_while_others_are_learned_from(shards: Path, tmp_path: Path) -> None:
    one = stream(shards, tmp_path)
    one.clips(0)
    (thread,) = one._ahead
    thread.join()
    following = one.shards[one._shard_at(2)]
    there = tmp_path / "0" / following.name
    assert (there / DONE).exists()
    last = replace(one, steps=3, cache=tmp_path / "other")
    last.clips(0)
    assert last._ahead == []  # there is no turn after this one
    before = (there / DONE).stat().st_mtime_ns
    assert following.clips[0].identity in people(one, 1)
    assert (there / DONE).stat().st_mtime_ns == before  # and not again


def test_a_next_shard_that_is_broken_is_told_when_its_turn_comes(shards: Path, tmp_path: Path) -> None:
    copied = tmp_path / "shards"
    shutil.copytree(shards, copied)
    one = stream(copied, tmp_path / "cache")
    (copied / one.shards[one._shard_at(2)].name).write_bytes(b"no tar")
    one.clips(0)
    with pytest.raises(InputError, match="is broken"):
        one.clips(1)


def test_processes_have_other_turns_and_some_people_none(shards: Path, tmp_path: Path) -> None:
    two = [stream(shards, tmp_path, rank, 2) for rank in range(2)]
    assert [each._shard_at(0) for each in two] == [stream(shards, tmp_path)._shard_at(n) for n in range(2)]
    alone = stream(shards, tmp_path, away="person3")
    assert all("person3" not in people(alone, turn) for turn in range(6))
    assert {clip.identity for clip in alone.held_out(8)} == {"person3"} and len(alone.held_out(1)) == 1
    with pytest.raises(InputError, match="all people of 2 shards"):
        nobody = replace(alone, away=frozenset(f"person{n}" for n in range(5)))
        nobody.clips(0)


@pytest.mark.slow
def test_a_run_from_shards_goes_on_exactly(shards: Path, tiny_svd: Path, tmp_path: Path) -> None:
    loop = LoopOptions(steps=4, rate=3e-3, warmup=1, save_every=2)
    recipe = replace(SVD_TINY, start=str(tiny_svd), shards=str(shards), stay=1, batch=1, frames=2, loop=loop, looks=0)
    train_svd([], tmp_path / "whole", recipe)

    def stop(done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_svd([], tmp_path / "parts", recipe, stop)
    train_svd([], tmp_path / "parts", recipe)
    one, other = (load_file(tmp_path / run / "unet.safetensors") for run in ("whole", "parts"))
    assert all((one[name] == other[name]).all() for name in one)
    with pytest.raises(ConfigError, match="give one of both"):
        train_svd([tmp_path], tmp_path / "more", recipe)
