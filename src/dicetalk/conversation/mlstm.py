"""mLSTM: a memory that is a matrix, with exponential gates, as plain arrays; `training.conversation_net` learns one.

Beck et al., "xLSTM: Extended Long Short-Term Memory", NeurIPS 2024. All steps are computed at once: what a step reads
of an earlier one is weighted by that one's input gate and all forget gates between them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dicetalk.arrays import Float32

Weights = Mapping[str, Float32]

KERNEL = 4
"""Steps that the convolution of a block sees."""
PIECE = 4
"""Columns that queries, keys and values mix."""
_ROUND = 64
_SMALL = np.float32(1e-6)


def inner_width(width: int) -> int:
    """Columns within a block: twice as many, in whole 64s."""
    return -(-2 * width // _ROUND) * _ROUND


def stack(x: Float32, weights: Weights, name: str, heads: int) -> Float32:
    """Blocks one after another, and a norm that closes them: (B, T, D) -> (B, T, D); a step sees none behind it.

    Args:
        x: steps.
        weights: tensors by name.
        name: that those of the stack begin with.
        heads: of each block.
    """
    number = 0
    while f"{name}blocks.{number}.skip" in weights:
        x = block(x, weights, f"{name}blocks.{number}.", heads)
        number += 1
    return norm(x, weights[f"{name}norm.weight"])


def block(x: Float32, weights: Weights, name: str, heads: int) -> Float32:
    """One residual block, (B, T, D) -> (B, T, D)."""
    u, z = np.split(norm(x, weights[f"{name}norm.weight"]) @ weights[f"{name}up.weight"].T, 2, axis=-1)
    c = _silu(_convolved(u, weights[f"{name}conv.weight"], weights[f"{name}conv.bias"]))
    q, k, v = (_by_pieces(part, weights[name + own]) for part, own in ((c, "q"), (c, "k"), (u, "v")))
    gates = np.concatenate([q, k, v], axis=-1)
    into, keep = (
        np.swapaxes(gates @ weights[f"{name}{gate}.weight"].T + weights[f"{name}{gate}.bias"], 1, 2)
        for gate in ("input_gate", "forget_gate")
    )
    h = cell(_split(q, heads), _split(k, heads), _split(v, heads), into, keep)
    h = norm(np.swapaxes(h, 1, 2).reshape(u.shape), weights[f"{name}head_norm.weight"], heads)
    return np.asarray(x + ((h + weights[f"{name}skip"] * c) * _silu(z)) @ weights[f"{name}down.weight"].T)


def cell(q: Float32, k: Float32, v: Float32, into: Float32, keep: Float32) -> Float32:
    """The memory itself: q, k, v (B, H, T, d) and gates before their curves (B, H, T) -> (B, H, T, d)."""
    steps, width = q.shape[-2:]
    kept = np.cumsum(-np.logaddexp(0, -keep), axis=-1)
    share = kept[..., :, None] - kept[..., None, :] + into[..., None, :]
    share = np.where(np.tri(steps, dtype=bool), share, -np.inf)
    most = share.max(-1, keepdims=True)
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(width) * np.exp(share - most)
    length = np.maximum(np.abs(scores.sum(-1, keepdims=True)), np.exp(-most))
    return np.asarray(scores @ v / (length + _SMALL), np.float32)


def norm(x: Float32, weight: Float32, groups: int = 1) -> Float32:
    """(..., D) at mean 0 and spread 1, each group of columns by itself; the weight (D,) counts from 1."""
    grouped = x.reshape(*x.shape[:-1], groups, -1)
    middle = grouped - grouped.mean(-1, keepdims=True)
    even = middle / np.sqrt(np.square(middle).mean(-1, keepdims=True) + 1e-5)
    return np.asarray(even.reshape(x.shape) * (1 + weight), np.float32)


def _convolved(u: Float32, weight: Float32, bias: Float32) -> Float32:
    """Each column (B, T, C) over the last steps, weight (C, 1, 4)."""
    padded = np.pad(u, ((0, 0), (KERNEL - 1, 0), (0, 0)))
    steps = u.shape[1]
    return np.asarray(sum(padded[:, i : i + steps] * weight[:, 0, i] for i in range(KERNEL)) + bias, np.float32)


def _by_pieces(x: Float32, weight: Float32) -> Float32:
    """Each four columns of (B, T, C) by a matrix of their own, (C / 4, 4, 4)."""
    pieces = x.reshape(*x.shape[:-1], *weight.shape[:2])
    return np.asarray(np.einsum("btpi,poi->btpo", pieces, weight).reshape(x.shape))


def _split(x: Float32, heads: int) -> Float32:
    return np.swapaxes(x.reshape(*x.shape[:-1], heads, -1), 1, 2)


def _silu(x: Float32) -> Float32:
    return np.asarray(x * np.exp(-np.logaddexp(0, -x)), np.float32)
