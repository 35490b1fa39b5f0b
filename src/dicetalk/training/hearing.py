"""Teach hearing into a space of emotions that is there already, and stays as it is.

How emotions are scored is found in closed form (`emotion.deviation`). Then the tokens are learned that stand for the
scores: those which the embedder, of which nothing moves, reads as the mixture of named emotions that the scores tell.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.arrays import Float64
from dicetalk.checkpoints import CONFIG
from dicetalk.config import to_plain
from dicetalk.data.dataset import Recordings, load_recordings
from dicetalk.emotion.delivery import Delivery, statistics
from dicetalk.emotion.deviation import Delivered, fit_scores
from dicetalk.emotion.embedder import EmotionEmbedder
from dicetalk.emotion.embedding import GRAPH
from dicetalk.emotion.priors import read_priors
from dicetalk.emotion.space import PRIORS, SHARP, SHIPPED, WEIGHTS
from dicetalk.emotion.vocabulary import HEARD, NAMES
from dicetalk.errors import CheckpointError, InputError
from dicetalk.training.loop import LoopOptions, Progress, train
from dicetalk.training.processes import ALONE, Processes
from dicetalk.training.stage1_embedder import DELIVERY, check_recordings, fresh_embedder, write_hearing

BATCH = 256
SUREST = 4.0
"""Largest standard deviation of the scores that tokens are learned for."""


@dataclass(frozen=True, kw_only=True)
class HearingRecipe:
    """How hearing is taught.

    Attributes:
        held_out: identities that are never learned from.
        space: folder of the embedder into whose space it is taught.
        others: how much it counts that people and corpora differ when nothing is felt.
        usual: how much likelier neutral is than an emotion, logarithm.
        loop: how long and how fast tokens are learned.
    """

    held_out: tuple[str, ...] = ()
    space: str = str(SHIPPED)
    others: float = 1.5
    usual: float = 0.6
    loop: LoopOptions = field(default_factory=LoopOptions)


def train_hearing(
    data: Sequence[Path],
    out: Path,
    recipe: HearingRecipe,
    progress: Progress | None = None,
    processes: Processes = ALONE,
) -> Path:
    """Teach hearing from prepared folders, or go on; gives the folder, which gets all files of the embedder.

    Args:
        data: written by `prepare`: emotions of people who speak plainly too, and others who speak plainly.
        out: of curves, state and, at the end, the checkpoint.
        recipe: everything else.
        progress: called with steps done and in all.
        processes: this one, which writes only if it is the first, and how many there are.

    Raises:
        InputError: the data cannot be used.
        CheckpointError: a folder holds another network's state, or no space to hear into.
    """
    clips, space = _heard(data, recipe), Path(recipe.space)
    points, net = _points(space), fresh_embedder(space, DELIVERY, recipe.loop.seed)
    hearing = net.hearing
    assert isinstance(hearing, Delivery)
    _find_scores(hearing, clips, recipe)
    train(Placing(net, hearing, points, processes.device), recipe.loop, out, progress, processes)
    if processes.writes:
        for name in (WEIGHTS, GRAPH, PRIORS, CONFIG):
            shutil.copyfile(space / name, out / name)
        write_hearing(out, net.cpu().eval(), DELIVERY, recipe.held_out, to_plain(replace(recipe, space=space.name)))
    return out


def _heard(data: Sequence[Path], recipe: HearingRecipe) -> Recordings:
    """The clips that are learned from."""
    everything = load_recordings(*data)
    clips = everything.of(set(everything.people) - set(recipe.held_out))
    clips = clips.part(clips.heard)
    check_recordings(clips)
    return clips


def _points(space: Path) -> Tensor:
    """Means of the emotions that are heard, `(K, D)`."""
    priors = read_priors(space / PRIORS)
    absent = [name for name in NAMES if name not in priors]
    if absent:
        raise CheckpointError(f"{space / PRIORS} has no prior of {absent[0]!r}; a space to hear into has all names")
    return torch.from_numpy(np.stack([priors[name].mean for name in HEARD]))


def _find_scores(hearing: Delivery, clips: Recordings, recipe: HearingRecipe) -> None:
    """Fill in the scores.

    Raises:
        InputError: of nobody are there both an emotion and neutral speech.
    """
    heard = np.array([HEARD.index(NAMES[number]) for number in clips.emotions.tolist()])
    delivered = Delivered(np.stack(list(_voices(clips)), axis=1), heard, clips.identities.numpy())
    if not delivered.actors():
        raise InputError("the data have nobody with both neutral speech and an emotion; one is told from the other")
    found = fit_scores(delivered, len(HEARD), recipe.others, recipe.usual)
    for name in ("mean", "scale", "weight", "offset"):
        getattr(hearing, name).copy_(torch.from_numpy(getattr(found, name)))


def _voices(clips: Recordings) -> Iterator[Float64]:
    """Statistics of all clips `(N, S)` in each voice; the recording itself counts twice."""
    for voice in (0, *range(clips.speech.shape[1])):
        yield np.concatenate([_statistics(clips, voice, some) for some in torch.arange(len(clips)).split(64)])


def _statistics(clips: Recordings, voice: int, some: Tensor) -> Float64:
    lengths = clips.lengths[some]
    inside = torch.arange(clips.speech.shape[2]) < lengths[:, None]
    found: Float64 = statistics(clips.speech[some, voice].float(), inside).double().numpy()
    return found


class Placing:
    """Learns tokens for scores of every kind; no clips are needed."""

    def __init__(self, net: EmotionEmbedder, hearing: Delivery, points: Tensor, device: torch.device) -> None:
        """The embedder stays; what is learned is `hearing.place`. `points` `(K, D)` are the named emotions."""
        self.embedder = net.eval().requires_grad_(False).to(device)
        self.hearing = hearing
        self.net: nn.Module = hearing.place.requires_grad_(True)
        self.points = points.to(device)
        self.middle = self.points.mean(0)
        self.lengths = (self.points - self.middle).norm(dim=1)

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        """How far the mixtures that are read differ from those that the scores tell.

        A likeness is told by angles. So that it is that of the scores, less is mixed in of what lies far out.
        """
        spread = SUREST * torch.rand(BATCH, 1, generator=generator)
        scores = (spread * torch.randn(BATCH, len(self.points), generator=generator)).to(self.points.device)
        read = self._log_shares(self._read(self.hearing.tokens(scores)))
        wanted = (scores - self.lengths.log()).log_softmax(1)
        return {"loss": fn.kl_div(read, wanted, reduction="batchmean", log_target=True)}

    def _read(self, tokens: Tensor) -> Tensor:
        """Means `(B, D)` of clips of one token `(B, inner)` each, whose faces are not seen."""
        sizes, there = self.embedder.sizes, torch.ones(len(tokens), dtype=torch.bool, device=tokens.device)
        motion = torch.zeros(len(tokens), 1, sizes.motion, device=tokens.device)
        mean: Tensor = self.embedder.read(tokens[:, None], motion, there[:, None], there, ~there).mean
        return mean

    def _log_shares(self, means: Tensor) -> Tensor:
        """Logarithms of what means `(B, D)` are mixtures of, `(B, K)`, as `Space.among` takes them."""
        ours, theirs = (fn.normalize(x - self.middle, dim=1) for x in (means, self.points))
        return (ours @ theirs.T / SHARP).log_softmax(1)
