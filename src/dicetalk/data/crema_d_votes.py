"""The votes on CREMA-D's clips (Cao et al., IEEE TAC 5(4), 2014; ODbL 1.0): what about ten people each named.

A table with a row for every clip and channel: `clip, actor, acted, level, channel`, and `votes_NAME` for each emotion
that could be named.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dicetalk.arrays import Bool, Float64, Int64
from dicetalk.errors import InputError

FILE = "votes.csv"
NAMES = ("neutral", "angry", "disgusted", "fear", "happy", "sad")
"""What people could name, and actors acted."""
CHANNELS = ("voice", "face", "both")
LEVELS = ("XX", "LO", "MD", "HI")
"""How strongly an actor was asked to act; XX: nobody said."""
COLUMNS = ("actor", "acted", "level", "channel", *(f"votes_{name}" for name in NAMES))


@dataclass(frozen=True, eq=False)
class ClipVotes:
    """What was voted on N clips, each in one channel.

    Attributes:
        votes: (N, 6) of `NAMES`.
        acted: (N,) which of `NAMES` was acted.
        level: (N,) which of `LEVELS`.
        channel: (N,) which of `CHANNELS`.
        actor: (N,) their numbers.
    """

    votes: Float64
    acted: Int64
    level: Int64
    channel: Int64
    actor: Int64

    def __len__(self) -> int:
        return len(self.votes)

    @property
    def shares(self) -> Float64:
        """(N, 6) of the votes on each clip."""
        found: Float64 = self.votes / self.votes.sum(1, keepdims=True)
        return found

    def only(self, chosen: Bool) -> ClipVotes:
        """Some of them (N,), true where they are taken."""
        rest = (self.acted, self.level, self.channel, self.actor)
        return ClipVotes(self.votes[chosen], *(values[chosen] for values in rest))

    def folds(self, count: int) -> Int64:
        """Which of some folds each row is in (N,), by the rank of its actor's number."""
        ranks = np.unique(self.actor, return_inverse=True)[1]
        return np.asarray(ranks % count, np.int64)


def read_clip_votes(path: Path) -> ClipVotes:
    """Read a table of votes, or the one in a folder.

    Raises:
        InputError: it is not there, has other columns, or a value is none of those.
    """
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise InputError(f"no file {path}; expected the table of CREMA-D's votes")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not set(COLUMNS) <= set(rows[0]):
        raise InputError(f"{path} is no table of votes; expected the columns {', '.join(COLUMNS)}")
    try:
        votes = np.array([[float(row[f"votes_{name}"]) for name in NAMES] for row in rows])
        acted = np.array([NAMES.index(row["acted"]) for row in rows])
        level = np.array([LEVELS.index(row["level"]) for row in rows])
        channel = np.array([CHANNELS.index(row["channel"]) for row in rows])
        actor = np.array([int(row["actor"]) for row in rows])
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} has a value that is none of a vote ({error})") from error
    if not (np.isfinite(votes).all() and (votes >= 0).all() and (votes.sum(1) > 0).all()):
        raise InputError(f"{path} has a row without votes, or with fewer than none")
    return ClipVotes(votes, acted, level, channel, actor)
