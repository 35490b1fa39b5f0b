"""What tells emotions apart in how people deviate from themselves as they usually speak: a discriminant (Fisher 1936).

Who learns from clips of one corpus, and from plain speech of others, learns the corpora: all that sounds otherwise is
neutral. So nothing is learned here from where a clip lies. An emotion is how far a speaker's clips of it lie from the
same speaker's neutral ones, on average; and how speakers, languages, rooms and corpora differ when nothing is felt
counts as noise, like how people act differently and what they say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import Float64, Int64

LEAST_SCALE = 0.02
"""Of a statistic: one that hardly differs must not be blown up."""
LOOSE = 0.1
"""Share by which statistics are taken to differ independently: few clips do not tell how they hang together."""
RIDGE = 1e-3
UNHEARD = -20.0
"""Logarithm of the odds of an emotion that nobody showed."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Logarithms of the odds of K emotions: `weight @ ((statistics - mean) / scale) + offset`.

    Attributes:
        mean, scale: (S,).
        weight: (K, S).
        offset: (K,).
    """

    mean: Float64
    scale: Float64
    weight: Float64
    offset: Float64


@dataclass(frozen=True, eq=False)
class Delivered:
    """N clips as they are said, each in V voices.

    Attributes:
        statistics: (N, V, S).
        emotions: of each clip, 0 neutral, up to K - 1, (N,).
        people: number of who speaks, (N,).
    """

    statistics: Float64
    emotions: Int64
    people: Int64

    def of(self, who: int, emotion: int) -> Float64:
        """(n, V, S) one speaker's clips of one emotion."""
        return self.statistics[(self.people == who) & (self.emotions == emotion)]

    def actors(self) -> list[int]:
        """Those of whom there are emotions and neutral speech."""
        felt, plain = (set(self.people[there].tolist()) for there in (self.emotions > 0, self.emotions == 0))
        return sorted(felt & plain)


def fit_scores(clips: Delivered, count: int, others: float, usual: float) -> Scores:
    """Scores of `count` emotions.

    Args:
        clips: at least one actor's.
        count: K.
        others: how much it counts that neutral speech of different people and corpora differs.
        usual: how much likelier neutral is than an emotion, logarithm.
    """
    actors = clips.actors()
    scale = np.maximum(clips.statistics[np.isin(clips.people, actors), 0].std(0), LEAST_SCALE)
    clips = Delivered(clips.statistics / scale, clips.emotions, clips.people)
    deviations, within = _deviations(clips, actors, count)
    emotions = np.array([np.mean(d, axis=0) if d else np.zeros(len(scale)) for d in deviations])
    acting = np.concatenate([np.array(d) - mean for d, mean in zip(deviations, emotions, strict=True) if d])
    middle, apart = _neutral(clips, actors)
    noise = _scatter(within) + _scatter(acting) + others * apart
    noise = (1 - LOOSE) * noise + np.diag(LOOSE * np.diag(noise) + RIDGE)
    weight = np.linalg.solve(noise, emotions.T).T
    offset = -0.5 * (emotions * weight).sum(1)
    offset[0] += usual
    offset[[not d for d in deviations]] = UNHEARD
    return Scores(middle * scale, scale, weight, offset)


def _deviations(clips: Delivered, actors: Sequence[int], count: int) -> tuple[list[list[Float64]], Float64]:
    """Of each emotion what each actor's clips deviate by, in each voice; and what is left of each clip, (M, S)."""
    deviations: list[list[Float64]] = [[] for _ in range(count)]
    left = []
    for who in actors:
        own = clips.of(who, 0).mean(0)
        for emotion in range(count):
            shown = clips.of(who, emotion)
            if len(shown):
                deviations[emotion] += list(shown.mean(0) - own)
                left.append((shown - shown.mean(0)).reshape(-1, shown.shape[2]))
    return deviations, np.concatenate(left)


def _neutral(clips: Delivered, actors: Sequence[int]) -> tuple[Float64, Float64]:
    """Mean (S,) and scatter (S, S) of neutral speech, half of it the actors'; all of them count alike, so do others."""
    rows, shares = zip(*_weighed(clips, actors), strict=True)
    all_rows, share = np.concatenate(rows), np.concatenate(shares)
    share = share / share.sum()
    mean = share @ all_rows
    return mean, (all_rows - mean).T @ ((all_rows - mean) * share[:, None])


def _weighed(clips: Delivered, actors: Sequence[int]) -> Iterator[tuple[Float64, Float64]]:
    """Each speaker's neutral speech (M, S), and what each row counts (M,)."""
    speakers = np.unique(clips.people[clips.emotions == 0]).tolist()
    for who in speakers:
        alike = len(actors) if who in actors else len(speakers) - len(actors)
        rows = clips.of(who, 0).reshape(-1, clips.statistics.shape[2])
        yield rows, np.full(len(rows), 1 / alike / len(rows))


def _scatter(rows: Float64) -> Float64:
    """(S, S) of rows (M, S) about 0."""
    return rows.T @ rows / len(rows)
