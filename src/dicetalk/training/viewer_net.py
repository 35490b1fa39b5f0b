"""What a viewer answers: gaze and pupils over time, the Big Five and what the clip shows -> four ordinal answers.

After the gaze and personality network of 2025 (73 viewers of acted clips): an encoder for each stream, fused with
personality and the clip's label. Ours tells each answer by thresholds on one score, so that "low" and "high" are
farther apart than "low" and "middle": P(answer > k) = sigmoid(score - threshold_k), thresholds rising.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.data.affec import ASKED, TRAITS
from dicetalk.errors import ConfigError

BINS = 3
"""Of an answer: low, middle, high."""
STREAM = 4
"""Numbers a moment of a stream: two values, and whether each is known."""


@dataclass(frozen=True, kw_only=True)
class ViewerSizes:
    """How large a network is.

    Attributes:
        stream: of the encoders of gaze and pupils.
        still: of personality, and of the clip's label.
        fused: of all together.
        heads: of attention, if the encoder is a transformer.
        encoder: what reads a stream: recurrent, or one layer of attention.
        dropout: of what is fused.
    """

    stream: int = 64
    still: int = 32
    fused: int = 128
    heads: int = 4
    encoder: Literal["gru", "transformer"] = "gru"
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if min(self.stream, self.still, self.fused, self.heads) < 1 or self.stream % self.heads:
            raise ConfigError("sizes of a viewers' network are 1 or more, and the stream divides by its heads")
        if self.encoder not in ("gru", "transformer") or not 0 <= self.dropout < 1:
            raise ConfigError("a viewers' network has a gru or a transformer, and drops less than all")


@dataclass(frozen=True, eq=False)
class Viewing:
    """Trials as a network takes them, padded to the longest.

    Attributes:
        gaze, pupils: (B, T, 4): two values, 0 where unknown, and for each whether it is known.
        lengths: (B,) moments of each, 1 or more.
        traits: (B, 5) as deviations from what is usual, 0 where unknown.
        stimulus: (B,) number of the clip's label; 0 where it is not told.
        answers: (B, 4) bins, 0 to 2.
    """

    gaze: Tensor
    pupils: Tensor
    lengths: Tensor
    traits: Tensor
    stimulus: Tensor
    answers: Tensor

    def __len__(self) -> int:
        return len(self.lengths)

    def part(self, chosen: Tensor) -> Viewing:
        """Some of them."""
        return Viewing(**{name: value[chosen] for name, value in vars(self).items()})


class StreamEncoder(nn.Module):
    """Moments (B, T, 4) and lengths (B,) -> what was going on (B, D); padding changes nothing."""

    def __init__(self, sizes: ViewerSizes) -> None:
        super().__init__()
        self.enter = nn.Linear(STREAM, sizes.stream)
        self.recurrent = nn.GRU(sizes.stream, sizes.stream, batch_first=True) if sizes.encoder == "gru" else None
        self.attention = (
            nn.TransformerEncoderLayer(
                sizes.stream, sizes.heads, 2 * sizes.stream, sizes.dropout, batch_first=True, norm_first=True
            )
            if sizes.encoder == "transformer"
            else None
        )

    def forward(self, moments: Tensor, lengths: Tensor) -> Tensor:
        """As above."""
        there = torch.arange(moments.shape[1], device=moments.device) < lengths[:, None]
        held = self.enter(moments)
        if self.recurrent is not None:
            held = self.recurrent(held)[0]  # causal: padding comes after all that counts
        else:
            assert self.attention is not None
            held = self.attention(held + _times(held), src_key_padding_mask=~there)
        return (held * there[..., None]).sum(1) / lengths[:, None]


def _times(held: Tensor) -> Tensor:
    """Waves that tell when (T, D)."""
    moments = torch.arange(held.shape[1], dtype=held.dtype, device=held.device)[:, None]
    rates = torch.exp(-torch.arange(0, held.shape[2], 2, dtype=held.dtype, device=held.device) * (9.2 / held.shape[2]))
    waves = torch.stack([(moments * rates).sin(), (moments * rates).cos()], -1).flatten(1)
    return waves[:, : held.shape[2]]


class ViewerNet(nn.Module):
    """A `Viewing` -> scores against thresholds (B, 4, 2), see `chances`."""

    def __init__(self, sizes: ViewerSizes, labels: int) -> None:
        """A fresh one; `labels` of clips, "not told" included."""
        super().__init__()
        self.gaze, self.pupils = StreamEncoder(sizes), StreamEncoder(sizes)
        self.traits, self.stimulus = nn.Linear(len(TRAITS), sizes.still), nn.Embedding(labels, sizes.still)
        self.fuse = nn.Linear(2 * sizes.stream + 2 * sizes.still, sizes.fused)
        self.drop = nn.Dropout(sizes.dropout)
        self.scores = nn.Linear(sizes.fused, len(ASKED))
        self.first = nn.Parameter(torch.full((len(ASKED), 1), -1.0))
        self.gaps = nn.Parameter(torch.full((len(ASKED), BINS - 2), 1.5))

    def forward(self, given: Viewing) -> Tensor:
        """As above."""
        streams = [self.gaze(given.gaze, given.lengths), self.pupils(given.pupils, given.lengths)]
        still = [fn.relu(self.traits(given.traits)), self.stimulus(given.stimulus)]
        fused = self.drop(fn.relu(self.fuse(torch.cat([*streams, *still], 1))))
        scores: Tensor = self.scores(fused)
        return scores[..., None] - self.thresholds()

    def thresholds(self) -> Tensor:
        """(4, 2), rising."""
        return torch.cat([self.first, fn.softplus(self.gaps)], 1).cumsum(1)


def chances(above: Tensor) -> Tensor:
    """Scores against thresholds (..., 2) -> how likely each bin is (..., 3), sum 1."""
    over = above.sigmoid()
    return torch.cat([1 - over[..., :1], over[..., :-1] - over[..., 1:], over[..., -1:]], -1)


def ordinal_loss(above: Tensor, answers: Tensor) -> Tensor:
    """Mean binary cross-entropy of "is the answer above k", of scores (B, 4, 2) and answers (B, 4)."""
    wanted = answers[..., None] > torch.arange(BINS - 1, device=answers.device)
    return fn.binary_cross_entropy_with_logits(above, wanted.to(above.dtype))
