"""How a clip is said: statistics of its rows of speech -> scores of emotions -> tokens of the voice.

It stands where the embedder has a `StreamEncoder` when hearing is taught into a space that is there already. Its scores
are found by `emotion.deviation`; only where a mixture of emotions lies in the space, `place`, is learned.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dicetalk.emotion.vocabulary import HEARD

CEPSTRA = 16
VOICED, SILENCE = 17, 20
"""Columns of a row of speech: see `dicetalk.speech.rows`."""
LEAST_ROWS = 10
"""Of speech; where there are fewer, all rows count."""
SMALL = 0.02
"""Added to a spread before its logarithm is taken."""
FAINTEST = -9.0
"""Logarithm of a share; how much less likely something is makes no difference."""
_INNER = 64


class Delivery(nn.Module):
    """Tokens that are the same all through a clip."""

    mean: Tensor
    scale: Tensor
    weight: Tensor
    offset: Tensor

    def __init__(self, columns: int, inner: int, stride: int) -> None:
        """Scores nothing yet.

        Args:
            columns: of a row.
            inner: width of the tokens.
            stride: frames that become one token.
        """
        super().__init__()
        self.stride = stride
        count = 3 * columns + CEPSTRA
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("scale", torch.ones(count))
        self.register_buffer("weight", torch.zeros(len(HEARD), count))
        self.register_buffer("offset", torch.zeros(len(HEARD)))
        self.place = nn.Sequential(nn.Linear(len(HEARD), _INNER), nn.GELU(), nn.Linear(_INNER, inner))

    def forward(self, rows: Tensor, inside: Tensor) -> Tensor:
        """Rows `(B, T, C)`, which count where `inside` `(B, T)` is True -> tokens `(B, ceil(T / stride), inner)`."""
        tokens: Tensor = self.tokens(self.scores(rows, inside))
        return tokens[:, None].expand(-1, inside[:, :: self.stride].shape[1], -1)

    def scores(self, rows: Tensor, inside: Tensor) -> Tensor:
        """Logarithms of the odds of the emotions that are heard, `(B, K)`, up to a constant; arguments as above."""
        return (statistics(rows, inside) - self.mean) / self.scale @ self.weight.T + self.offset

    def tokens(self, scores: Tensor) -> Tensor:
        """One token `(B, inner)` for each clip's scores `(B, K)`."""
        tokens: Tensor = self.place(scores.log_softmax(1).clamp(min=FAINTEST))
        return tokens


def statistics(rows: Tensor, inside: Tensor) -> Tensor:
    """Of the rows in which somebody speaks: mean, logarithms of spread and mean step, cepstra while voiced.

    Args:
        rows: `(B, T, C)`.
        inside: True on a clip's own rows, `(B, T)`.

    Returns:
        `(B, 3 C + 16)`.
    """
    own = inside.to(rows.dtype)
    speaks = own * (rows[:, :, SILENCE] < 0.5)
    share = torch.where(speaks.sum(1, keepdim=True) < LEAST_ROWS, own, speaks)
    mean = _mean(rows, share)
    spread = _mean((rows - mean[:, None]).square(), share).sqrt()
    before, shared = (torch.cat([x[:, :1] * 0, x[:, :-1]], dim=1) for x in (rows, share))
    step = _mean((rows - before).abs(), share * shared)
    voiced = share * (rows[:, :, VOICED] > 0.5)
    cepstra = torch.where(voiced.sum(1, keepdim=True) > 0, _mean(rows, voiced), mean)[:, :CEPSTRA]
    return torch.cat([mean, (spread + SMALL).log(), (step + SMALL).log(), cepstra], dim=1)


def _mean(rows: Tensor, share: Tensor) -> Tensor:
    """(B, C) of rows `(B, T, C)`, each counted as `share` `(B, T)` says; 0 where none is."""
    return (rows * share[..., None]).sum(1) / share.sum(1, keepdim=True).clamp(min=1)
