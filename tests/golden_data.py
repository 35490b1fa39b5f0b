"""Readers for the golden data: numbers of the published computation, in the folder `shared` beside the project."""

from __future__ import annotations

import json
import runpy
from functools import cache
from typing import Any

import pytest
import torch
from places import SHARED
from safetensors.torch import load_file
from torch import Tensor

GOLDEN = SHARED / "golden"
PUBLIC = GOLDEN / "public"

needs_golden = pytest.mark.skipif(not PUBLIC.is_dir(), reason="the golden data (../shared/golden) is not here")


@cache
def facts(name: str) -> dict[str, Any]:
    """One JSON file of the public set."""
    return json.loads((PUBLIC / f"{name}.json").read_text())


@cache
def tensors(name: str) -> dict[str, Tensor]:
    """One safetensors file of the public set; floating point comes as float32."""
    return {k: v.float() if v.is_floating_point() else v for k, v in load_file(PUBLIC / f"{name}.safetensors").items()}


def recipe() -> dict[str, Any]:
    """The generator of arrays that are not stored."""
    return runpy.run_path(str(PUBLIC / "recipe.py"))


def recipe_weights(
    layout: str, seed: int, gain: float, table: dict[str, float] | None = None, **kw: bool
) -> dict[str, Tensor]:
    arrays = recipe()["state_dict"](facts("layouts")[layout], seed, gain, table, **kw)
    return {k: torch.from_numpy(v) for k, v in arrays.items()}


def stored_weights(name: str, prefix: str = "weights.") -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors(name).items() if k.startswith(prefix)}


def relative(found: Tensor, expected: Tensor) -> float:
    """Relative L2 distance in double precision."""
    assert found.shape == expected.shape, (found.shape, expected.shape)
    return float((found.double() - expected.double()).norm() / expected.double().norm().clamp_min(1e-30))
