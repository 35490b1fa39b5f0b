"""Emotion Bank: an emotion prior looks up related emotions and comes back as tokens for the denoiser.

The prior is quantised against a small learnable bank (VQ). Training attends over the keys and values of the retrieved
entry, use attends over those of the whole bank, so that emotions of similar character help each other (paper, section
3.2). Our own training mixes both, so that what is used was trained.
Parameter names are those of the published weights, so that they load strictly.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.errors import ConfigError

COMMITMENT = 0.25
NO_EMOTION = ("release", "matched", "neutral")
"""What "no emotion" may mean: a zero prior that reads the whole bank, as published; a zero prior that reads one zeroed
entry, as the published training does; the neutral prior that reads the whole bank."""


@dataclass(frozen=True, kw_only=True)
class BankSizes:
    """Sizes of an Emotion Bank; the defaults are the published ones (74.5 M parameters).

    Attributes:
        prior: width of an emotion prior.
        width: width of codes and tokens; a multiple of `heads`.
        hidden: width of the two inner layers of the token networks.
        tokens: tokens per prior and per code.
        codes: entries in the bank.
        heads: attention heads.
    """

    prior: int = 256
    width: int = 1024
    hidden: int = 1024
    tokens: int = 32
    codes: int = 64
    heads: int = 8


@dataclass(frozen=True, kw_only=True)
class BankTraining:
    """How training reads the bank.

    Attributes:
        whole: share of the clips that read the whole bank, as in use; the others read the retrieved entry.
        no_emotion: what is read where the emotion is dropped, one of `NO_EMOTION`; use the same one afterwards.

    Raises:
        ConfigError: a value is out of range.
    """

    whole: float = 0.5
    no_emotion: str = "matched"

    def __post_init__(self) -> None:
        if not 0 <= self.whole <= 1:
            raise ConfigError(f"whole is {self.whole:g}; expected a share, 0 to 1")
        _check_kind(self.no_emotion)


def _check_kind(kind: str) -> None:
    if kind not in NO_EMOTION:
        raise ConfigError(f"no_emotion is {kind!r}; expected one of: {', '.join(NO_EMOTION)}")


@dataclass(frozen=True)
class Retrieval:
    """What the bank holds nearest to a prior.

    Attributes:
        codes: the nearest entries, with straight-through gradient to the prior, shape `(B, T, width)`.
        indices: which entries those are, int64, shape `(B, T)`.
        loss: codebook loss + 0.25 x commitment loss, a scalar.
    """

    codes: Tensor
    indices: Tensor
    loss: Tensor


class TokenNetwork(nn.Module):
    """Three linear layers that turn one vector into `tokens` normalised tokens."""

    def __init__(self, width_in: int, hidden: int, tokens: int, width: int) -> None:
        super().__init__()
        self.tokens = tokens
        self.proj1 = nn.Linear(width_in, hidden)
        self.proj2 = nn.Linear(hidden, hidden)
        self.proj3 = nn.Linear(hidden, tokens * width)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Turn `(..., width_in)` into `(..., tokens, width)`."""
        x = fn.relu(self.proj1(x))
        x = fn.relu(self.proj2(x))
        return self.norm(self.proj3(x).unflatten(-1, (self.tokens, -1)))


class Codebook(nn.Module):
    """The entries of the bank and the map from priors to their space."""

    def __init__(self, prior: int, width: int, codes: int) -> None:
        super().__init__()
        self.fc = nn.Linear(prior, width)
        self.codebook = nn.Embedding(codes, width)
        nn.init.uniform_(self.codebook.weight, -1 / codes, 1 / codes)

    @torch.no_grad()
    def start_from(self, priors: Tensor) -> None:
        """Start entry i from what prior i mod N of `(N, prior)` asks for; those that start alike part when revived.

        Near 0, where they start as published, they draw the queries there too, and keys and values hardly depend on
        the entry: a tiny denoiser then got the same tokens for two of eight feelings.
        """
        queries, entries = self.fc(priors), self.codebook.weight
        entries.copy_(queries[torch.arange(len(entries), device=queries.device) % len(queries)])

    def forward(self, prior: Tensor) -> Retrieval:
        """Quantise priors `(B, T, prior)` to the nearest entries."""
        query = self.fc(prior)
        indices = torch.cdist(query.flatten(0, -2), self.codebook.weight).argmin(-1).view(query.shape[:-1])
        codes = self.codebook(indices)
        loss = fn.mse_loss(codes, query.detach()) + COMMITMENT * fn.mse_loss(query, codes.detach())
        return Retrieval(query + (codes - query).detach(), indices, loss)


class BankAttention(nn.Module):
    """Multi-head attention without output projection or residual."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.fc_q = nn.Linear(width, width)
        self.fc_k = nn.Linear(width, width)
        self.fc_v = nn.Linear(width, width)

    def forward(self, queries: Tensor, memory: Tensor) -> Tensor:
        """Let queries `(N, L, width)` read memory `(N or 1, S, width)`; returns `(N, L, width)`."""
        q = self._split(self.fc_q(queries))
        k = self._split(self.fc_k(memory)).expand(len(q), -1, -1, -1)
        v = self._split(self.fc_v(memory)).expand(len(q), -1, -1, -1)
        return fn.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(-2)

    def weights(self, queries: Tensor, memory: Tensor) -> Tensor:
        """How much each query looks at each row of the memory, `(N, heads, L, S)`, the last dimension sums to 1."""
        q, k = self._split(self.fc_q(queries)), self._split(self.fc_k(memory))
        return (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class EmotionBank(nn.Module):
    """Emotion priors in, emotion tokens out."""

    def __init__(self, sizes: BankSizes | None = None) -> None:
        super().__init__()
        sizes = sizes or BankSizes()
        self.sizes = sizes
        self.emo_linear = TokenNetwork(sizes.prior, sizes.hidden, sizes.tokens, sizes.width)
        self.kv_tokens_linear = TokenNetwork(sizes.width, sizes.hidden, sizes.tokens, sizes.width)
        self.codebook = Codebook(sizes.prior, sizes.width, sizes.codes)
        self.attention = BankAttention(sizes.width, sizes.heads)

    def forward(self, prior: Tensor, dropped: Tensor | None = None) -> Tensor:
        """Attend over the whole bank, as in use.

        Args:
            prior: emotion priors, `(B, T, prior)`; zeros are the published "no emotion".
            dropped: 1 where the emotion is dropped, 0 where it is kept, `(B, T)`; None drops nothing.

        Returns:
            Emotion tokens, `(B, T, tokens, width)`.
        """
        return self._read(self._drop(prior, dropped), self._whole_bank())

    def attended(self, prior: Tensor) -> Tensor:
        """Share of the attention that each entry of the whole bank gets, `(B, T, prior)` -> `(B, T, codes)`."""
        weights = self.attention.weights(self.emo_linear(prior).flatten(0, 1), self._whole_bank())
        entries = weights.mean((1, 2)).unflatten(-1, (self.sizes.codes, self.sizes.tokens))
        return entries.sum(-1).unflatten(0, prior.shape[:2])

    def _whole_bank(self) -> Tensor:
        """Every token of every entry, `(1, codes x tokens, width)`."""
        return self.kv_tokens_linear(self.codebook.codebook.weight).flatten(0, 1)[None]

    def retrieve(self, prior: Tensor, dropped: Tensor | None = None) -> tuple[Tensor, Retrieval]:
        """Attend over the retrieved entry only, as in training.

        The loss sees the true prior; prior and retrieved code are zeroed after quantising where the emotion is dropped.

        Args:
            prior: emotion priors, `(B, T, prior)`.
            dropped: 1 where the emotion is dropped, 0 where it is kept, `(B, T)`; None drops nothing.

        Returns:
            Emotion tokens `(B, T, tokens, width)`, and what was retrieved.
        """
        found = self.codebook(prior)
        return self._read_entries(self._drop(prior, dropped), self._drop(found.codes, dropped)), found

    def no_emotion(self, kind: str, neutral: Tensor) -> Tensor:
        """Tokens `(tokens, width)` that stand for "no emotion", in every backbone, in training and in use.

        Args:
            kind: one of `NO_EMOTION`.
            neutral: the neutral prior, `(prior,)`.

        Raises:
            ConfigError: no such kind.
        """
        _check_kind(kind)
        if kind == "neutral":
            return self(neutral[None, None])[0, 0]
        zero = torch.zeros_like(neutral)[None, None]
        if kind == "matched":
            return self.retrieve(zero, torch.ones_like(zero[..., 0]))[0][0, 0]
        return self(zero)[0, 0]

    def learn(
        self, prior: Tensor, dropped: Tensor, neutral: Tensor, options: BankTraining, generator: torch.Generator
    ) -> tuple[Tensor, Retrieval]:
        """Attend as in our own training: some clips over the whole bank, the others over the retrieved entries.

        Gradients reach every entry through the clips that read all of them. The loss sees every true prior.

        Args:
            prior: emotion priors, `(B, T, prior)`.
            dropped: 1 where the emotion is dropped, 0 where it is kept, `(B, T)`.
            neutral: the neutral prior, `(prior,)`.
            options: how often which is read.
            generator: the source of chance, on the processor.

        Returns:
            Emotion tokens `(B, T, tokens, width)`, and what was retrieved.
        """
        whole = (torch.rand(len(prior), generator=generator) < options.whole).to(prior.device)
        found = self.codebook(prior)
        kept = self._read_mixed(prior, found.codes, whole)
        nothing = self.no_emotion(options.no_emotion, neutral).to(kept.dtype)
        return torch.where(dropped[..., None, None] > 0, nothing, kept), found

    def _read_mixed(self, prior: Tensor, codes: Tensor, whole: Tensor) -> Tensor:
        """Clips where `whole` `(B,)` is True read the whole bank, the others their own codes `(B, T, width)`."""
        tokens = codes.new_empty(*prior.shape[:2], self.sizes.tokens, self.sizes.width)
        if whole.any():
            tokens[whole] = self(prior[whole]).to(tokens.dtype)
        if not whole.all():
            tokens[~whole] = self._read_entries(prior[~whole], codes[~whole]).to(tokens.dtype)
        return tokens

    def _read_entries(self, prior: Tensor, codes: Tensor) -> Tensor:
        """Let every prior `(B, T, prior)` read its own code `(B, T, width)`."""
        return self._read(prior, self.kv_tokens_linear(codes).flatten(0, 1))

    def _read(self, prior: Tensor, memory: Tensor) -> Tensor:
        queries = self.emo_linear(prior)
        return self.attention(queries.flatten(0, 1), memory).view_as(queries)

    @staticmethod
    def _drop(x: Tensor, dropped: Tensor | None) -> Tensor:
        return x if dropped is None else x * (1 - dropped[..., None].to(x.dtype))
