"""The matrix memory: its golden numbers, in plain arrays and as it is learned; no step sees those behind it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from golden_data import GOLDEN
from safetensors.numpy import load_file

from dicetalk.arrays import Float32
from dicetalk.conversation.mlstm import cell, stack

FILE = GOLDEN / "relatives" / "mlstm.safetensors"
CELL, STACK = 1e-5, 1e-4
"""Tolerances of the golden numbers."""
HEADS = 2
OURS = {
    "xlstm_norm.weight": "norm.weight",
    "xlstm.proj_up.weight": "up.weight",
    "xlstm.conv1d.conv.weight": "conv.weight",
    "xlstm.conv1d.conv.bias": "conv.bias",
    "xlstm.q_proj.weight": "q",
    "xlstm.k_proj.weight": "k",
    "xlstm.v_proj.weight": "v",
    "xlstm.mlstm_cell.igate.weight": "input_gate.weight",
    "xlstm.mlstm_cell.igate.bias": "input_gate.bias",
    "xlstm.mlstm_cell.fgate.weight": "forget_gate.weight",
    "xlstm.mlstm_cell.fgate.bias": "forget_gate.bias",
    "xlstm.learnable_skip": "skip",
    "xlstm.mlstm_cell.outnorm.weight": "head_norm.weight",
    "xlstm.proj_down.weight": "down.weight",
    "post_blocks_norm.weight": "norm.weight",
}
"""Names of the library whose numbers these are, and our own."""

needs_golden = pytest.mark.skipif(not FILE.is_file(), reason="the golden data (../shared/golden) is not here")


@cache
def golden() -> dict[str, Float32]:
    return load_file(FILE)


def golden_weights() -> dict[str, Float32]:
    return {_ours(name.removeprefix("w/")): value for name, value in golden().items() if name.startswith("w/")}


def _ours(name: str) -> str:
    theirs = next(theirs for theirs in OURS if name.endswith(theirs))
    return name.removesuffix(theirs) + OURS[theirs]


@needs_golden
def test_a_cell_has_the_golden_numbers() -> None:
    held = golden()
    into, keep = (held[f"cell/{name}"][..., 0] for name in ("igate", "fgate"))
    found = cell(held["cell/q"], held["cell/k"], held["cell/v"], into, keep)
    assert np.abs(found - held["cell/h"]).max() < CELL


@needs_golden
def test_a_stack_has_the_golden_numbers() -> None:
    found = stack(golden()["x"], golden_weights(), "", HEADS)
    assert np.abs(found - golden()["y"]).max() < STACK


@needs_golden
def test_the_stack_that_is_learned_has_the_golden_numbers() -> None:
    torch = pytest.importorskip("torch")
    from dicetalk.training.conversation_net import MLstmStack

    net = MLstmStack(16, 2, HEADS)
    net.load_state_dict({name: torch.from_numpy(value) for name, value in golden_weights().items()})
    found = net(torch.from_numpy(golden()["x"])).detach().numpy()
    assert np.abs(found - golden()["y"]).max() < STACK


def test_a_step_sees_none_behind_it() -> None:
    random = np.random.default_rng(0)
    q, k, v = random.standard_normal((3, 1, 2, 7, 4)).astype(np.float32)
    into, keep = random.standard_normal((2, 1, 2, 7)).astype(np.float32)
    whole = cell(q, k, v, into, keep)
    part = cell(q[..., :4, :], k[..., :4, :], v[..., :4, :], into[..., :4], keep[..., :4])
    np.testing.assert_allclose(whole[..., :4, :], part, rtol=1e-5, atol=1e-6)


def test_large_gates_stay_finite() -> None:
    ones = np.ones((1, 1, 50, 4), np.float32)
    gates = np.full((1, 1, 50), 200, np.float32)
    assert np.isfinite(cell(ones, ones, ones, gates, -gates)).all()
