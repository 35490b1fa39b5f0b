"""Clips that stream: of shards somewhere else, two are learned from at a time, and in the course of a run each has its
turn. The next one is fetched meanwhile: three are here, and a step waits only where fetching lasts longer than a turn.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dicetalk.data.latents import LatentClip
from dicetalk.data.shards import Shard, fetch
from dicetalk.errors import DiceTalkError, InputError

OPEN = 2
"""Shards that are learned from at a time: the one before stays while the next one comes, so that batches are mixed."""
CACHE, HELD_OUT = "shards", "held-out"
"""Folders inside that of the run."""


@dataclass(frozen=True, kw_only=True)
class ShardStream:
    """The turns of shards, the same for the same seed; every process has turns of its own.

    Attributes:
        place: of the shards, as fsspec knows it.
        shards: which there are.
        cache: where files of those are put whose turn it is; others are removed.
        away: people who are not learned from.
        seed: of the turns.
        stay: steps until the next shard has its turn.
        steps: of the run.
        rank: number of this process.
        count: of all processes.
    """

    place: str
    shards: tuple[Shard, ...]
    cache: Path
    away: frozenset[str]
    seed: int
    stay: int
    steps: int
    rank: int = 0
    count: int = 1
    _ahead: list[threading.Thread] = field(default_factory=list, init=False, compare=False, repr=False)

    def turn(self, step: int) -> int:
        """How many shards have had their turn at a step."""
        return step // self.stay

    def clips(self, turn: int) -> list[LatentClip]:
        """The clips of the shards whose turn it is, but for people who are held out.

        Raises:
            InputError: a shard cannot be read, or holds nobody to learn from.
        """
        while self._ahead:
            self._ahead.pop().join()
        chosen = list(dict.fromkeys(self._shard_at(turn + ahead) for ahead in range(OPEN)))
        here = self.cache / f"{self.rank}"
        for folder in here.glob("*"):
            if folder.name not in {self.shards[number].name for number in chosen}:
                shutil.rmtree(folder, ignore_errors=True)
        found = [clip for number in chosen for clip in self._fetched(number, here)]
        learned = [clip for clip in found if clip.identity not in self.away]
        if not learned:
            raise InputError(f"all people of {OPEN} shards of {self.place} are held out; pack larger ones")
        if (turn + 1) * self.stay < self.steps:
            self._fetch_ahead(self._shard_at(turn + OPEN), here)
        return learned

    def _fetch_ahead(self, number: int, here: Path) -> None:
        """Begin to fetch a shard. One that cannot be read is told when its turn comes."""

        def fetched() -> None:
            with suppress(DiceTalkError):
                self._fetched(number, here)

        thread = threading.Thread(target=fetched, daemon=True)  # a run that is stopped does not wait for it
        thread.start()
        self._ahead.append(thread)

    def _fetched(self, number: int, here: Path) -> list[LatentClip]:
        return fetch(self.place, self.shards[number], here / self.shards[number].name)

    def _shard_at(self, place: int) -> int:
        """Which shard has a place in the turns of this process: all in a new order, again and again."""
        whole, rest = divmod(place * self.count + self.rank, len(self.shards))
        return int(np.random.default_rng([self.seed, whole]).permutation(len(self.shards))[rest])

    def held_out(self, most: int) -> list[LatentClip]:
        """At most so many clips of people who are not learned from."""
        found: list[LatentClip] = []
        for shard in self.shards:
            names = [clip.name for clip in shard.clips if clip.identity in self.away][: most - len(found)]
            if names:
                found += fetch(self.place, shard, self.cache / f"{self.rank}-{HELD_OUT}" / shard.name, names)
        return found


def people_of(shards: Collection[Shard]) -> list[str]:
    """Everybody in shards, in order."""
    return sorted({clip.identity for shard in shards for clip in shard.clips})
