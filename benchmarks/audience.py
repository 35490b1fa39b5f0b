"""Whether an audience is foretold: votes on clips of actors that were not learned from, beside plain tables.

    python benchmarks/audience.py folds DATA/crema_d_votes
    python benchmarks/audience.py splits DATA/crema_d_votes
    python benchmarks/audience.py calibration DATA/crema_d_votes --picture docs/pictures/audience-calibration.png
    python benchmarks/audience.py reader DATA/ravdess
    python benchmarks/audience.py curves --picture docs/pictures/audience.png

`reader` compares what is expected of voices of actors that no reader learned from, by way of the reader, with what is
expected of what they acted; nobody voted on these. `curves` draws what the audience that ships answers to one emotion
at each strength.

`folds`: five folds by actor, all pooled; intervals over actors. `splits`: actors who are kept apart are drawn many
times over. The divergence is that of the expected shares from those of the votes on a clip [nat]; the top vote is right
where most, or as many as for any other name, voted as expected.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import betabinom, binom
from torch import nn

from dicetalk.arrays import Bool, Float64, Int64
from dicetalk.data.crema_d_votes import CHANNELS, NAMES, ClipVotes, read_clip_votes
from dicetalk.emotion.circle import WHEEL
from dicetalk.emotion.clarity import Channel
from dicetalk.emotion.vocabulary import NAMES as EIGHT
from dicetalk.reading.audience import COLUMNS, KNOTS, VOTED, Audience, Votes, shipped_audience
from dicetalk.training.audience import AudienceRecipe, expected, summed, taught

FOLDS, DRAWS, SEEDS = 5, 2000, 3
SPLITS, KEPT = 100, 18
"""Draws of actors who are kept apart, and how many they are each time."""
FEWEST = 100
"""Of names of clips that a row of the calibration needs."""
STRENGTH = np.array([0.0, *KNOTS[1:]])
"""Of `LEVELS`; where nobody said one, a net is told so by another input."""
Way = Callable[[ClipVotes, ClipVotes], Float64]
"""Votes to learn from, and clips -> the shares (N, 6) expected of these."""


def table(*keys: str) -> Way:
    """The mean of the clips that share something."""

    def way(known: ClipVotes, asked: ClipVotes) -> Float64:
        held, wanted = (np.stack([getattr(some, key) for key in keys], 1) for some in (known, asked))
        found = np.zeros((len(asked), len(NAMES)))
        for kind in np.unique(wanted, axis=0):
            found[(wanted == kind).all(1)] = known.shares[(held == kind).all(1)].mean(0)
        return found

    return way


def regression(known: ClipVotes, asked: ClipVotes) -> Float64:
    return expected(taught(known, AudienceRecipe()), asked)


def net(units: int) -> Way:
    """A hidden layer, the mean of three seeds."""

    def way(known: ClipVotes, asked: ClipVotes) -> Float64:
        kinds = ClipVotes(*_kinds(known))
        given, labels = torch.from_numpy(_inputs(kinds)), torch.from_numpy(kinds.votes / len(known))
        found = []
        for seed in range(SEEDS):
            torch.manual_seed(seed)
            layers = nn.Sequential(nn.Linear(given.shape[1], units), nn.Tanh(), nn.Linear(units, len(NAMES))).double()
            optimiser = torch.optim.AdamW(layers.parameters(), 1e-2, weight_decay=1e-3)
            for _ in range(400):
                optimiser.zero_grad()
                (-(labels * layers(given).log_softmax(1)).sum()).backward()
                optimiser.step()
            with torch.no_grad():
                found.append(layers(torch.from_numpy(_inputs(asked))).softmax(1).numpy())
        return np.mean(found, axis=0)

    return way


def _kinds(known: ClipVotes) -> tuple[Float64, Int64, Int64, Int64, Int64]:
    """Shares summed over clips of one kind, which teach the same as the clips one by one."""
    cells = summed(known)
    channel, acted, level = np.nonzero(cells.sum(-1))
    return cells[channel, acted, level], acted, level, channel, np.zeros_like(acted)


def _inputs(clips: ClipVotes) -> Float64:
    """What was acted, how strongly, whether nobody said, and where."""
    acted, channel = np.eye(len(NAMES))[clips.acted], np.eye(len(CHANNELS))[clips.channel]
    strength, unsaid = STRENGTH[clips.level], (clips.level == 0).astype(float)
    return np.column_stack([acted, acted * strength[:, None], acted * unsaid[:, None], channel])


WAYS: dict[str, Way] = {
    "table: channel": table("channel"),
    "table: acted emotion": table("acted"),
    "**table: acted emotion x channel**": table("acted", "channel"),
    "table: acted emotion x channel x level": table("acted", "channel", "level"),
    "net of 16 units": net(16),
    "**softmax regression (ships)**": regression,
}
BAR, LEVEL, OURS = list(WAYS)[2], list(WAYS)[3], list(WAYS)[5]


def foretold(clips: ClipVotes, way: Way) -> Float64:
    """The shares (N, 6) expected of each clip by what learned from other actors."""
    fold, found = clips.folds(FOLDS), np.zeros((len(clips), len(NAMES)))
    for number in range(FOLDS):
        found[fold == number] = way(clips.only(fold != number), clips.only(fold == number))
    return found


def divergences(clips: ClipVotes, found: Float64) -> Float64:
    shares = clips.shares
    ratio = np.log(np.maximum(shares, 1e-12) / np.maximum(found, 1e-12))
    return np.where(shares > 0, shares * ratio, 0).sum(1)


def tops(clips: ClipVotes, found: Float64) -> Float64:
    rows = np.arange(len(clips))
    return (clips.votes[rows, found.argmax(1)] == clips.votes.max(1)).astype(float)


def over_actors(clips: ClipVotes, values: Float64, chosen: Bool | None = None, digits: int = 3) -> str:
    """The mean, with its 95 % interval over actors."""
    chosen = np.ones(len(clips), bool) if chosen is None else chosen
    actors, which = np.unique(clips.actor[chosen], return_inverse=True)
    sums, counts = np.bincount(which, values[chosen]), np.bincount(which)
    drawn = np.random.default_rng(0).integers(0, len(actors), (DRAWS, len(actors)))
    low, high = np.quantile(sums[drawn].sum(1) / counts[drawn].sum(1), [0.025, 0.975])
    return f"{values[chosen].mean():.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def folds(clips: ClipVotes) -> Iterator[str]:
    """How well each way foretells."""
    yield f"{len(clips)} rows, {len(np.unique(clips.actor))} actors, {FOLDS} folds by actor."
    yield ""
    yield "| | KL | less than acted x channel | less than with level | top vote | more than acted x channel |"
    yield "|---|---|---|---|---|---|"
    found = {name: foretold(clips, way) for name, way in WAYS.items()}
    kls = {name: divergences(clips, some) for name, some in found.items()}
    best = {name: tops(clips, some) for name, some in found.items()}
    for name in WAYS:
        less = [over_actors(clips, kls[other] - kls[name], digits=4) for other in (BAR, LEVEL)]
        more = over_actors(clips, best[name] - best[BAR], digits=4)
        row = [name, over_actors(clips, kls[name]), *less, over_actors(clips, best[name]), more]
        yield f"| {' | '.join(row)} |"
    yield ""
    yield "The same, where a level was asked for:"
    yield ""
    yield "| | KL | top vote |"
    yield "|---|---|---|"
    asked = clips.level > 0
    for name in (BAR, LEVEL, OURS):
        yield f"| {name} | {over_actors(clips, kls[name], asked)} | {over_actors(clips, best[name], asked)} |"
    yield ""
    yield "By channel, softmax regression:"
    yield ""
    yield "| | KL | table acted x channel | top vote | table |"
    yield "|---|---|---|---|---|"
    for number, channel in enumerate(CHANNELS):
        rows = clips.channel == number
        told = [over_actors(clips, values[name], rows) for values in (kls, best) for name in (OURS, BAR)]
        yield f"| {channel} | {' | '.join(told)} |"


def splits(clips: ClipVotes) -> Iterator[str]:
    """How well what ships foretells other actors, whichever these are: the middle 95 % of many draws of them."""
    actors, random = np.unique(clips.actor), np.random.default_rng(0)
    rows = []
    for _ in range(SPLITS):
        kept = np.isin(clips.actor, random.choice(actors, KEPT, replace=False))
        known, asked = clips.only(~kept), clips.only(kept)
        found = [WAYS[name](known, asked) for name in (OURS, BAR, LEVEL)]
        rows.append([mean for some in found for mean in (divergences(asked, some).mean(), tops(asked, some).mean())])
    kl, top, *others = np.array(rows).T
    yield f"{SPLITS} draws of {KEPT} of {len(actors)} actors, who are foretold by what learned from the others."
    yield ""
    yield "| | KL | top vote | KL less by | in draws | top vote more by | in draws |"
    yield "|---|---|---|---|---|---|---|"
    for name, its_kl, its_top in ((OURS, kl, top), (BAR, *others[:2]), (LEVEL, *others[2:])):
        gains = [] if name == OURS else [its_kl - kl, top - its_top]
        told = [part for gain in gains for part in (_drawn(gain, 4), f"{(gain > 0).mean():.2f}")] or [""] * 4
        yield f"| {name} | {_drawn(its_kl)} | {_drawn(its_top)} | {' | '.join(told)} |"


def _drawn(values: Float64, digits: int = 3) -> str:
    """The mean of draws, and where the middle 95 % of them lie."""
    low, high = np.quantile(values, [0.025, 0.975])
    return f"{values.mean():.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


@dataclass(frozen=True, eq=False)
class Told:
    """What is told of clips by what learned from other actors; shares (N, 6), agreement (N,), clarity (N,)."""

    shares: Float64
    agreement: Float64
    clarity: Float64


def told_of(clips: ClipVotes) -> Told:
    fold = clips.folds(FOLDS)
    told = Told(np.zeros((len(clips), len(NAMES))), np.zeros(len(clips)), np.zeros(len(clips)))
    for number in range(FOLDS):
        rows = fold == number
        audience, some = taught(clips.only(~rows), AudienceRecipe()), clips.only(rows)
        told.shares[rows] = expected(audience, some)
        told.agreement[rows] = audience.agreement[some.channel]
        told.clarity[rows] = _clarities(audience, some, told.shares[rows])
    return told


def calibration(clips: ClipVotes, picture: Path | None) -> Iterator[str]:
    """Whether 7 of 10 is 7 of 10."""
    told = told_of(clips)
    points = reliability(clips, told.shares)
    yield "Where so many of ten votes are expected for a name (rounded), so many came; all names of all clips."
    yield ""
    yield "| expected | names of clips | mean expected | came |"
    yield "|---|---|---|---|"
    for tenth, count, *shares in points:
        mean, came, low, high = (f"{10 * share:.2f}" for share in shares)
        yield f"| {tenth} of 10 | {count} | {mean} | {came} ({low} to {high}) |"
    far = sum(count * abs(mean - came) for _, count, mean, came, *_ in points) / sum(count for _, count, *_ in points)
    yield f"\nExpected and came are {far:.4f} of the votes apart on average.\n"
    yield from widths(clips, told)
    yield ""
    yield from clarities(clips, told)
    if picture is not None:
        _draw(points, picture)


Point = tuple[int, int, float, float, float, float]
"""Tenths, how many, the mean expected, the mean that came, its interval."""


def reliability(clips: ClipVotes, found: Float64) -> list[Point]:
    tenths = np.floor(10 * found + 0.5).astype(int)
    ats = ((tenth, tenths == tenth) for tenth in range(11))
    return [
        (tenth, int(at.sum()), float(found[at].mean()), *_interval(clips, at, clips.shares))
        for tenth, at in ats
        if at.sum() >= FEWEST
    ]


def widths(clips: ClipVotes, told: Told) -> Iterator[str]:
    """Whether the range that is told of the likeliest name holds."""
    yield "| votes for the likeliest name lie in the range told (80 %), drawn | they do | it is wide, of ten |"
    yield "|---|---|---|"
    rows, top = np.arange(len(clips)), told.shares.argmax(1)
    share, votes, many = told.shares[rows, top], clips.votes[rows, top], clips.votes.sum(1)
    ways = {
        "if clips of one kind were all alike (binomial)": binom(many, share),
        "**as they differ (beta-binomial, ships)**": betabinom(
            many, share * told.agreement, (1 - share) * told.agreement
        ),
    }
    for name, drawn in ways.items():
        low, high = drawn.ppf(0.1), drawn.ppf(0.9)
        inside = ((votes >= low) & (votes <= high)).astype(float)
        yield f"| {name} | {over_actors(clips, inside)} | {10 * np.mean((high - low) / many):.1f} |"


def clarities(clips: ClipVotes, told: Told) -> Iterator[str]:
    """How far the clarity that is told is from that of the votes."""
    yield "| clarity on the circle | error (mean of absolutes) | too clear by |"
    yield "|---|---|---|"
    came = _radius(clips.shares)
    ways = {
        "radius of the expected shares": _radius(told.shares),
        "**with the scatter of clips (ships)**": told.clarity,
    }
    for name, clarity in ways.items():
        yield f"| {name} | {over_actors(clips, np.abs(clarity - came))} | {over_actors(clips, clarity - came)} |"


def _interval(clips: ClipVotes, at: Bool, values: Float64) -> tuple[float, float, float]:
    """The mean of values where a mask says, and its interval over actors."""
    actors, which = np.unique(clips.actor, return_inverse=True)
    sums = np.bincount(which, (values * at).sum(1), len(actors))
    counts = np.bincount(which, at.sum(1), len(actors))
    drawn = np.random.default_rng(0).integers(0, len(actors), (DRAWS, len(actors)))
    low, high = np.quantile(sums[drawn].sum(1) / counts[drawn].sum(1), [0.025, 0.975])
    return float(values[at].mean()), float(low), float(high)


def _clarities(audience: Audience, some: ClipVotes, shares: Float64) -> Float64:
    kinds, which = np.unique(np.column_stack([some.channel, some.level, some.acted]), axis=0, return_inverse=True)
    first = [int(np.flatnonzero(which == kind)[0]) for kind in range(len(kinds))]
    told = [Votes(tuple(_whole(shares[row])), float(audience.agreement[some.channel[row]])).clarity for row in first]
    return np.array(told)[which]


def _whole(shares: Float64) -> Float64:
    """Shares of all eight names."""
    found = np.zeros((*shares.shape[:-1], 8))
    found[..., COLUMNS] = shares
    return found


def _radius(shares: Float64) -> Float64:
    return WHEEL.place(_whole(shares)).clarity


def _draw(points: Sequence[Point], path: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    expects, came, low, high = 10 * np.array([point[2:] for point in points]).T
    figure, axes = plt.subplots(figsize=(4.2, 4.2), layout="constrained")
    axes.plot([0, 10], [0, 10], color="0.8", linewidth=1)
    axes.errorbar(expects, came, [came - low, high - came], fmt="o", markersize=4, color="#b8432f")
    axes.set(xlabel="votes of ten that are expected", ylabel="votes of ten that came", xlim=(0, 10), ylim=(0, 10))
    axes.set_aspect("equal")
    figure.savefig(path, dpi=110, metadata={"Software": None})


SEEN: dict[Channel, str] = {"face": "sound off", "voice": "picture off", "both": "both"}
SHADES = ("#d9d9d9", "#c0392b", "#6b8e4e", "#7d5ba6", "#e5b53b", "#4a7fb5")
"""Of `VOTED`."""


def draw_curves(path: Path) -> Iterator[str]:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    strengths = np.linspace(0, 1, 101)
    figure, grid = plt.subplots(len(VOTED) - 1, 3, figsize=(8, 8.5), sharex=True, sharey=True, layout="constrained")
    for row, name in zip(grid, VOTED[1:], strict=True):
        order = [name, *(other for other in VOTED if other != name)]
        for axes, channel in zip(row, SEEN, strict=True):
            shares = shipped_audience().shares(np.eye(8)[EIGHT.index(name)], strengths, channel)
            parts = [10 * shares[:, EIGHT.index(other)] for other in order]
            axes.stackplot(strengths, parts, colors=[SHADES[VOTED.index(other)] for other in order], linewidth=0)
            axes.set(xlim=(0, 1), ylim=(0, 10), yticks=(0, 5, 10), xticks=(0, 0.5, 1))
        row[0].set_ylabel(name)
    for axes, what in zip(grid[0], SEEN.values(), strict=True):
        axes.set_title(what, fontsize="medium")
    grid[-1][1].set_xlabel("strength of what is shown; upwards: votes of ten, those for it at the bottom")
    handles = [plt.Rectangle((0, 0), 1, 1, color=shade) for shade in SHADES]
    figure.legend(handles, VOTED, loc="outside lower center", ncols=len(VOTED), frameon=False)
    figure.savefig(path, dpi=100, metadata={"Software": None})
    yield str(path)


def by_way_of_reader(folder: Path) -> Iterator[str]:
    """Votes for what was acted, and for what is read in the voice."""
    from dicetalk.data.ravdess import HELD_OUT, read_ravdess
    from dicetalk.reading.reader import read

    clips = [clip for clip in read_ravdess(folder).clips if clip.identity in HELD_OUT and clip.emotion in VOTED]
    audience, rows = shipped_audience(), []
    for clip in clips:
        voice = read(clip.sound).voice
        if voice is None or (votes := audience.of_windows(voice, "voice")) is None:
            continue
        wanted = audience.votes(np.eye(8)[EIGHT.index(clip.emotion)], clip.strength, "voice")
        assert wanted is not None
        told = np.mean([audience.mixed(np.array(some.weights), some.strength, "voice") for some in voice], axis=0)
        rows.append((VOTED.index(clip.emotion), wanted.shares, votes.shares, told / told.sum()))
    label = np.array([row[0] for row in rows])
    wanted, found, weaker = (np.array([row[place] for row in rows])[:, COLUMNS] for place in (1, 2, 3))
    yield f"{len(label)} of {len(clips)} voices; in the others surprise is heard, of which nobody was asked."
    yield ""
    yield "| expected of what was acted, beside | KL | same top vote |"
    yield "|---|---|---|"
    ways = {
        "the mean of all clips": np.broadcast_to(wanted.mean(0), wanted.shape),
        "by way of the reader, at the strength that it tells": weaker,
        "**by way of the reader, strength unknown (ships)**": found,
    }
    for name, told in ways.items():
        far = (wanted * np.log(wanted / np.maximum(told, 1e-9))).sum(1).mean()
        yield f"| {name} | {far:.3f} | {np.mean(told.argmax(1) == wanted.argmax(1)):.3f} |"
    yield ""
    yield "| acted | clips | votes of ten for it: as acted | by way of the reader |"
    yield "|---|---|---|---|"
    for number, name in enumerate(VOTED):
        some = label == number
        votes = [f"{10 * shares[some, number].mean():.1f}" for shares in (wanted, found)]
        yield f"| {name} | {some.sum()} | {' | '.join(votes)} |"


def lines_of(chosen: argparse.Namespace) -> Iterator[str]:
    if chosen.what == "curves":
        return draw_curves(chosen.picture)
    if chosen.what == "reader":
        return by_way_of_reader(chosen.data)
    clips = read_clip_votes(chosen.data)
    works: dict[str, Callable[[ClipVotes], Iterator[str]]] = {"folds": folds, "splits": splits}
    return works[chosen.what](clips) if chosen.what in works else calibration(clips, chosen.picture)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("folds", "splits", "calibration", "reader", "curves"))
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--picture", type=Path)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if (chosen.picture if chosen.what == "curves" else chosen.data) is None:
        parser.error("curves needs --picture, the others a folder of data")
    for line in lines_of(chosen):
        print(line, flush=True)


if __name__ == "__main__":
    main()
