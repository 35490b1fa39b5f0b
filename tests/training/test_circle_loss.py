"""The loss on the circle: known numbers, and where ours departs from them."""

from __future__ import annotations

import json

import pytest
import torch
from golden_data import GOLDEN, needs_golden
from safetensors.torch import load_file
from torch import Tensor

from dicetalk.emotion.circle import MIKELS
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.training.circle_loss import CircleLoss, divergence

STEP = 1e6
"""So steep that the polarity is the published step."""


def published() -> tuple[dict[str, Tensor], dict[str, float]]:
    folder = GOLDEN / "relatives"
    return load_file(folder / "circle.safetensors"), json.loads((folder / "circle.json").read_text())


def one_hot(*names: str) -> Tensor:
    return torch.eye(len(NAMES))[[NAMES.index(name) for name in names]]


@needs_golden
def test_the_divergence_is_the_published_one() -> None:
    golden, facts = published()
    found = divergence(golden["label"], golden["predicted"])
    torch.testing.assert_close(found, golden["kl_per_row"], atol=1e-5, rtol=0)
    assert float(found.mean()) == pytest.approx(facts["kl"], abs=1e-5)


@needs_golden
def test_with_a_step_it_is_the_published_one_without_whole_turns() -> None:
    """But where an angle lies on the very edge of the step, at which ours is a half."""
    golden, facts = published()
    loss = CircleLoss(circle=MIKELS, steepness=STEP, least=0)
    found = loss.misplaced(golden["label"].double(), golden["predicted"].double())
    wound, turned = golden["label_theta"] - golden["predicted_theta"], golden["angle_difference_wrapped"]
    wrapped = golden["pc_per_row"] + golden["label_r"] * (turned**2 - wound**2)
    assert float(wrapped.mean()) == pytest.approx(facts["pc_wrapped"], abs=1e-5)
    inside = torch.minimum(golden["label_theta"].cos().abs(), golden["predicted_theta"].cos().abs()) > 1e-6
    assert int(inside.sum()) >= 70
    torch.testing.assert_close(found[inside].float(), wrapped[inside], atol=1e-5, rtol=1e-5)


@needs_golden
def test_ours_is_near_it_where_the_polarity_is_plain() -> None:
    golden, _ = published()
    rows = golden["label"].double(), golden["predicted"].double()
    hard = CircleLoss(circle=MIKELS, steepness=STEP).misplaced(*rows)
    ours = CircleLoss(circle=MIKELS).misplaced(*rows)
    plain = torch.minimum(golden["label_theta"].cos().abs(), golden["predicted_theta"].cos().abs()) > 0.7
    assert int(plain.sum()) > 20
    torch.testing.assert_close(ours[plain], hard[plain], atol=0.02, rtol=0)


def test_what_is_right_costs_nothing() -> None:
    assert float(CircleLoss()(one_hot("happy", "sad", "neutral"), one_hot("happy", "sad", "neutral"))) == 0


def test_neighbours_cost_less_than_opposites() -> None:
    loss = CircleLoss()
    near, far = loss.misplaced(one_hot("sad", "sad"), one_hot("disgusted", "happy")).tolist()
    assert 0 < near < far


def test_the_polarity_has_a_gradient() -> None:
    """The published step has none: the angle alone would learn."""
    angles = torch.linspace(-3, 3, 13, requires_grad=True)
    CircleLoss()._polarity(angles).sum().backward()
    assert angles.grad is not None and bool((angles.grad.abs() > 1e-5).sum() >= 11)


def test_an_empty_row_has_no_gradient_that_is_no_number() -> None:
    scores = one_hot("neutral", "sad").requires_grad_()
    CircleLoss()(one_hot("happy", "neutral"), scores).backward()
    assert scores.grad is not None and bool(scores.grad.isfinite().all())


def test_a_batch_is_the_mean_of_its_rows() -> None:
    generator = torch.Generator().manual_seed(0)
    label, found = (torch.rand(6, 8, generator=generator).softmax(1) for _ in range(2))
    rows = torch.stack([CircleLoss()(a[None], b[None]) for a, b in zip(label, found, strict=True)])
    torch.testing.assert_close(CircleLoss()(label, found), rows.mean())
