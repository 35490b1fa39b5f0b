"""The network of conversations as it is trained: an mLSTM for each of four streams, gates for each turn that is told.

`conversation.network` runs it without torch. The mLSTM is that of Beck et al., "xLSTM: Extended Long Short-Term
Memory", 2024; gates and streams are those of GatedxLSTM (2025), with gates of each sample by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.conversation.mlstm import KERNEL, PIECE, inner_width
from dicetalk.conversation.network import FAINTEST, STREAMS, TURNS
from dicetalk.emotion.vocabulary import HEARD


@dataclass(frozen=True, kw_only=True)
class ConversationSizes:
    """Sizes of the network.

    Attributes:
        rows: of the table of words.
        width: of the streams.
        blocks: of each mLSTM.
        heads: of each block.
        dropout: share of activations dropped in training.
    """

    rows: int = 1 << 15
    width: int = 32
    blocks: int = 1
    heads: int = 2
    dropout: float = 0.3


@dataclass(frozen=True)
class TurnBatch:
    """Turns of conversations, and which of them are told from which.

    Attributes:
        words: rows of the table, (U, L), any where a turn has fewer words.
        word_counts: (U,).
        grams: rows of the table of all turns, one after another, (G,).
        gram_starts: where those of each turn begin, (U,).
        voices: shares of each window, (U, S, 7).
        voice_counts: windows of each turn, (U,); 0 without a voice.
        told: for each turn that is told the last three of its speaker, itself the first, and the last three of others,
            (N, 2, 3) numbers of turns; -1 is none.
    """

    words: Tensor
    word_counts: Tensor
    grams: Tensor
    gram_starts: Tensor
    voices: Tensor
    voice_counts: Tensor
    told: Tensor


class Norm(nn.Module):
    """Norm over the last side, without offset; the weight counts from 1."""

    def __init__(self, width: int, groups: int = 1) -> None:
        super().__init__()
        self.weight, self.groups = nn.Parameter(torch.zeros(width)), groups

    def forward(self, x: Tensor) -> Tensor:
        """`(..., width)`, each group by itself."""
        grouped = x.unflatten(-1, (self.groups, -1))
        return fn.layer_norm(grouped, grouped.shape[-1:]).flatten(-2) * (1 + self.weight)


class MLstmBlock(nn.Module):
    """A residual block around an mLSTM cell."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        inner = inner_width(width)
        self.heads = heads
        self.norm = Norm(width)
        self.up = nn.Linear(width, 2 * inner, bias=False)
        self.conv = nn.Conv1d(inner, inner, KERNEL, groups=inner)
        self.q, self.k, self.v = (nn.Parameter(_pieces(inner)) for _ in range(3))
        self.input_gate = nn.Linear(3 * inner, heads)
        self.forget_gate = nn.Linear(3 * inner, heads)
        self.skip = nn.Parameter(torch.ones(inner))
        self.head_norm = Norm(inner, heads)
        self.down = nn.Linear(inner, width, bias=False)
        nn.init.normal_(self.input_gate.weight, std=0.02)
        nn.init.normal_(self.forget_gate.weight, std=0.02)
        with torch.no_grad():
            self.forget_gate.bias.copy_(torch.linspace(3.0, 6.0, heads))

    def forward(self, x: Tensor) -> Tensor:
        """`(B, T, width)`; a step sees itself and those before it."""
        u, z = self.up(self.norm(x)).chunk(2, dim=-1)
        c = fn.silu(self.conv(fn.pad(u.mT, (KERNEL - 1, 0))).mT)
        q, k, v = (_by_pieces(part, own) for part, own in ((c, self.q), (c, self.k), (u, self.v)))
        gates = torch.cat([q, k, v], dim=-1)
        into, keep = self.input_gate(gates).mT, self.forget_gate(gates).mT
        h = cell(self._split(q), self._split(k), self._split(v), into, keep)
        h = self.head_norm(h.transpose(1, 2).flatten(2))
        return x + self.down((h + self.skip * c) * fn.silu(z))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def _pieces(inner: int) -> Tensor:
    """Matrices of any values, `(inner / 4, 4, 4)`."""
    return torch.randn(inner // PIECE, PIECE, PIECE) * math.sqrt(2 / (5 * PIECE))


def _by_pieces(x: Tensor, weight: Tensor) -> Tensor:
    """Each four columns of `(B, T, inner)` by a matrix of their own, `(inner / 4, 4, 4)`."""
    return torch.einsum("btpi,poi->btpo", x.unflatten(-1, weight.shape[:2]), weight).flatten(2)


def cell(q: Tensor, k: Tensor, v: Tensor, into: Tensor, keep: Tensor) -> Tensor:
    """The mLSTM, all steps at once: q, k, v `(B, H, T, d)`, gates before their curves `(B, H, T)` -> the same."""
    steps, width = q.shape[-2:]
    kept = fn.logsigmoid(keep).cumsum(-1)
    share = kept[..., :, None] - kept[..., None, :] + into[..., None, :]
    future = torch.ones(steps, steps, dtype=torch.bool, device=q.device).triu(1)
    share = share.masked_fill(future, -torch.inf)
    most = share.amax(-1, keepdim=True)
    scores = q @ k.mT / math.sqrt(width) * (share - most).exp()
    length = torch.maximum(scores.sum(-1, keepdim=True).abs(), (-most).exp())
    return scores @ v / (length + 1e-6)


class MLstmStack(nn.Module):
    """Blocks, and a norm that closes them."""

    def __init__(self, width: int, blocks: int, heads: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(MLstmBlock(width, heads) for _ in range(blocks))
        self.norm = Norm(width)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, T, width)` -> the same shape."""
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class ConversationNet(nn.Module):
    """Turns -> logarithms of the odds of `HEARD`, and how far each gate was open."""

    def __init__(self, sizes: ConversationSizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes = sizes or ConversationSizes()
        width = sizes.width
        self.table = nn.Embedding(sizes.rows, width)
        nn.init.normal_(self.table.weight, std=0.1)
        self.voice = nn.Linear(len(HEARD), width)
        self.stacks = nn.ModuleList(MLstmStack(width, sizes.blocks, sizes.heads) for _ in STREAMS)
        self.absent = nn.Parameter(0.1 * torch.randn(len(STREAMS), width))
        self.turns = nn.Parameter(0.1 * torch.randn(len(STREAMS), TURNS, width))
        self.gates = nn.Linear(2 * width, len(STREAMS) * TURNS)
        self.head = nn.Linear(len(STREAMS) * TURNS * width, len(HEARD))
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, batch: TurnBatch, there: Tensor) -> tuple[Tensor, Tensor]:
        """Tell turns.

        Args:
            batch: of them.
            there: which streams and turns may be looked at, `(N, 4, 3)`; modality dropout takes some away.

        Returns:
            Logarithms of odds `(N, 7)` and gates `(N, 4, 3)`, 0 to 1.
        """
        read = self._placed(batch, there)
        now = torch.cat([read[:, 0, 0], read[:, 2, 0]], dim=1)
        gates = self.gates(now).sigmoid().unflatten(1, (len(STREAMS), TURNS))
        return self.head(self.dropout((gates[..., None] * read).flatten(1))), gates

    def _placed(self, batch: TurnBatch, there: Tensor) -> Tensor:
        """What each stream says of each turn, `(N, 4, 3, width)`; where it says nothing, that it is absent."""
        words, voices = (
            self._words(batch),
            (batch.voices.clamp(min=float(FAINTEST)).log() + 2) @ self.voice.weight.T / 2,
        )
        voices = voices + self.voice.bias
        ends = (batch.word_counts, batch.word_counts, batch.voice_counts - 1, batch.voice_counts - 1)
        found = []
        for number, x in enumerate((words, words, voices, voices)):
            read = last(self.stacks[number](self.dropout(x) if number < 2 else x), ends[number].clamp(min=0))
            counts = batch.word_counts if number < 2 else batch.voice_counts
            turns = batch.told[:, number % 2]
            seen = there[:, number] & (turns >= 0) & (counts[turns.clamp(min=0)] > 0)
            said = torch.where(seen[..., None], read[turns.clamp(min=0)], self.absent[number])
            found.append(said + self.turns[number])
        return torch.stack(found, dim=1)

    def _words(self, batch: TurnBatch) -> Tensor:
        """Words of each turn and, after the last one, all its runs of letters, `(U, L + 1, width)`."""
        x = fn.pad(self.table(batch.words), (0, 0, 0, 1))
        counts = torch.diff(batch.gram_starts, append=batch.gram_starts.new_tensor([len(batch.grams)]))
        grams = fn.embedding_bag(batch.grams, self.table.weight, batch.gram_starts, mode="sum")
        grams = grams / counts.clamp(min=1).sqrt()[:, None]
        rows = torch.arange(len(x))
        inside = torch.arange(x.shape[1]) < batch.word_counts[:, None]
        return (x * inside[..., None]).index_put((rows, batch.word_counts), grams)


def last(x: Tensor, ends: Tensor) -> Tensor:
    """The step of each sequence `(B, T, D)` that its number `(B,)` tells, `(B, D)`."""
    return x[torch.arange(len(x)), ends]
