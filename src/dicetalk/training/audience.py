"""Teach an audience (`reading.audience`) from votes: what about ten people named, clip by clip.

The shares are a softmax regression on how far each strength of each emotion is there, by cross-entropy, each clip
counting as one. The strengths of one emotion share what they know (their logarithms bend little), and its own share of
the votes may not fall as it gets stronger: who asks for more should never get less. How far clips of a kind agree is
fitted after, by the likelihood of a Dirichlet-multinomial distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import gammaln
from torch import Tensor
from torch.nn import functional as fn

from dicetalk.arrays import Float64
from dicetalk.checkpoints import write_config
from dicetalk.config import to_plain
from dicetalk.data.crema_d_votes import CHANNELS, LEVELS, NAMES, ClipVotes, read_clip_votes
from dicetalk.errors import ConfigError
from dicetalk.modules import save_tensors
from dicetalk.reading.audience import CHANNELS as ORDER
from dicetalk.reading.audience import KIND, KNOTS, MODULE, VERSION, VOTED, Audience, hats

assert (NAMES, CHANNELS) == (VOTED, ORDER)
GRID = 41
"""Strengths at which a share is watched that may not fall."""


@dataclass(frozen=True, kw_only=True)
class AudienceRecipe:
    """How an audience is taught.

    Attributes:
        bending: penalty on how sharply logarithms of shares bend at a strength.
        pooled: penalty on how far an emotion of unknown strength lies from the mean of its strengths.
        falling: penalty on falls of an emotion's own share.
        small: penalty on all that is added to neutral.
        passes: most steps.
    """

    bending: float = 1e-5
    pooled: float = 1e-4
    falling: float = 100.0
    small: float = 1e-5
    passes: int = 300

    def __post_init__(self) -> None:
        if min(self.bending, self.pooled, self.falling, self.small) < 0 or self.passes < 1:
            raise ConfigError("penalties of an audience are 0 or more, its passes 1 or more")


def taught(known: ClipVotes, recipe: AudienceRecipe) -> Audience:
    """The audience of some votes; the same for the same votes."""
    emotions = len(VOTED) - 1
    rest, rises, unknown = (
        torch.zeros(len(CHANNELS), *size, len(VOTED), dtype=torch.float64, requires_grad=True)
        for size in ((), (emotions, len(KNOTS) - 1), (emotions,))
    )
    cells = torch.from_numpy(summed(known))
    optimiser = torch.optim.LBFGS(
        [rest, rises, unknown], max_iter=recipe.passes, tolerance_grad=1e-7, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimiser.zero_grad()
        raised = torch.cat([unknown[:, :, None], rises], 2)  # in the order of LEVELS
        logits = rest[:, None, None] + torch.cat([torch.zeros_like(raised[:, :1]), raised], 1)
        loss = -(cells * logits.log_softmax(-1)).sum() / cells.sum() + penalty(rest, rises, unknown, recipe)
        loss.backward()
        return float(loss.detach())

    optimiser.step(closure)
    one, two, three = (tensor.detach().numpy() for tensor in (rest, rises, unknown))
    silent = Audience(one, two, three, np.ones(len(CHANNELS)))
    return replace(silent, agreement=np.array([_agreement(silent, known, n) for n in range(len(CHANNELS))]))


def summed(known: ClipVotes) -> Float64:
    """Shares of the votes summed over clips of one kind: (3, 6, 4, 6) by channel, acted, level and vote."""
    cells = np.zeros((len(CHANNELS), len(NAMES), len(LEVELS), len(NAMES)))
    np.add.at(cells, (known.channel, known.acted, known.level), known.shares)
    return cells


def penalty(rest: Tensor, rises: Tensor, unknown: Tensor, recipe: AudienceRecipe) -> Tensor:
    """What speaks against weights, whatever was voted."""
    bends = rises[:, :, 2:] - 2 * rises[:, :, 1:-1] + rises[:, :, :-2]
    pooled = unknown - rises.mean(2)
    grid = torch.from_numpy(hats(np.linspace(0, 1, GRID)))
    shares = (rest[:, None, None] + torch.einsum("gk,cekv->cegv", grid, rises)).softmax(-1)
    own = torch.stack([shares[:, number, :, number + 1] for number in range(rises.shape[1])], 1)
    falls = fn.relu(own[..., :-1] - own[..., 1:])
    small = rises.square().sum() + unknown.square().sum()
    return (
        recipe.bending * bends.square().sum()
        + recipe.pooled * pooled.square().sum()
        + recipe.falling * falls.square().sum()
        + recipe.small * small
    )


def expected(audience: Audience, clips: ClipVotes) -> Float64:
    """The shares (N, 6) that it expects of clips."""
    known = [audience.curves(KNOTS[1:], channel) for channel in ORDER]  # (3, 6, 6) each, by strength
    unknown = [audience.curves(None, channel) for channel in ORDER]
    table = np.stack([np.concatenate([one[None], each]) for one, each in zip(unknown, known, strict=True)])
    found: Float64 = table[clips.channel, clips.level, clips.acted]
    return found


def _agreement(audience: Audience, known: ClipVotes, channel: int) -> float:
    """The agreement under which the votes of a channel are likeliest, the shares being as expected."""
    some = known.only(known.channel == channel)
    if not len(some):
        raise ConfigError(f"nobody voted in the channel {CHANNELS[channel]!r}")
    shares, votes = expected(audience, some), some.votes

    def unlikely(logarithm: float) -> float:
        total = np.exp(logarithm)
        like = gammaln(total) - gammaln(total + votes.sum(1))
        like = like + (gammaln(shares * total + votes) - gammaln(shares * total)).sum(1)
        return -float(like.sum())

    return float(np.exp(minimize_scalar(unlikely, bounds=(-3, 8), method="bounded").x))


def train_audience(data: Sequence[Path], out: Path, recipe: AudienceRecipe) -> Path:
    """Teach an audience the votes in one folder, and write it to a checkpoint folder; gives that.

    Raises:
        InputError: there are no such votes.
        ConfigError: there are several folders, or a channel without votes.
        MediaError: the folder cannot be written.
    """
    if len(data) != 1:
        raise ConfigError(f"votes lie in one folder; found {len(data)}")
    known = read_clip_votes(data[0])
    made = taught(known, recipe)
    out.mkdir(parents=True, exist_ok=True)
    save_tensors(out / f"{MODULE}.safetensors", {name: torch.from_numpy(value) for name, value in vars(made).items()})
    told = {"names": list(VOTED), "channels": list(CHANNELS), "strengths": list(KNOTS)}
    write_config(out, KIND, VERSION, told | {"clips": len(known)} | to_plain(recipe))
    return out
