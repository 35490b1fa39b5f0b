"""The Emotion Bank against the published computation, and what must hold for any weights."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from golden_data import facts, needs_golden, recipe_weights, relative, stored_weights, tensors

from dicetalk.emotion.bank import BankSizes, EmotionBank

# One float32 rounding floor of these modules is about 1e-6; see the golden set's README.
TOLERANCE = 1e-5
CASES = ("shape_used_by_dice_talk", "zeros_uncond", "second", "batched")


@cache
def small_bank() -> EmotionBank:
    config = facts("modules")["modules"]["emotion_small"]["config"]
    bank = EmotionBank(
        BankSizes(
            width=config["dim"],
            hidden=config["intermediate_dim"],
            tokens=config["tokens"],
            codes=config["codebook_size"],
            heads=config["heads"],
        )
    ).eval()
    bank.load_state_dict(stored_weights("emotion_small"))
    return bank


@cache
def full_bank() -> EmotionBank:
    told = facts("modules")["modules"]["emotion_full"]
    with torch.device("meta"):
        bank = EmotionBank().eval()
    weights = recipe_weights("emotion_full", told["weight_seed"], told["gain"], told["gain_table"])
    bank.load_state_dict({k: v for k, v in weights.items() if not k.startswith("classifier.")}, assign=True)
    return bank


def bank_named(name: str) -> EmotionBank:
    return full_bank() if name == "emotion_full" else small_bank()


@needs_golden
@torch.inference_mode()
@pytest.mark.parametrize("name", ["emotion_small", "emotion_full"])
@pytest.mark.parametrize("case", CASES)
def test_both_modes_give_the_published_tokens(name: str, case: str) -> None:
    data, bank = tensors(name), bank_named(name)
    prior = data[f"{case}.input"].flatten(2)
    retrieved, _ = bank.retrieve(prior)
    for mode, tokens in (("False", bank(prior)), ("True", retrieved)):
        expected = data.get(f"{case}.out.retrieval_{mode}")
        if expected is not None:
            assert relative(tokens[:, :, : expected.shape[2]], expected) < TOLERANCE


@needs_golden
@torch.inference_mode()
@pytest.mark.parametrize("name", ["emotion_small", "emotion_full"])
@pytest.mark.parametrize("case", CASES)
def test_codes_and_loss_are_the_published_ones(name: str, case: str) -> None:
    told = facts("modules")["modules"][name]["cases"][case]
    _, found = bank_named(name).retrieve(tensors(name)[f"{case}.input"].flatten(2))
    assert found.indices.flatten().tolist() == told["encoding_indices"]
    assert float(found.loss) == pytest.approx(told["vq_loss_codebook"], rel=1e-5)


@needs_golden
@torch.inference_mode()
def test_a_dropped_emotion_gives_the_published_tokens() -> None:
    data, bank = tensors("emotion_small"), small_bank()
    prior, dropped = data["batched.input"].flatten(2), data["masked.mask"].flatten(1)
    assert relative(bank(prior, dropped), data["masked.out.retrieval_False"]) < TOLERANCE
    assert relative(bank.retrieve(prior, dropped)[0], data["masked.out.retrieval_True"]) < TOLERANCE


@pytest.fixture
def tiny() -> EmotionBank:
    torch.manual_seed(0)
    return EmotionBank(BankSizes(prior=8, width=16, hidden=12, tokens=3, codes=5, heads=2))


def test_dropping_equals_a_zero_prior_but_the_loss_sees_the_true_one(tiny: EmotionBank) -> None:
    prior = torch.randn(2, 3, 8)
    torch.testing.assert_close(tiny(prior, torch.ones(2, 3)), tiny(torch.zeros(2, 3, 8)))
    torch.testing.assert_close(tiny.retrieve(prior, torch.ones(2, 3))[1].loss, tiny.retrieve(prior)[1].loss)


def test_frames_do_not_see_each_other(tiny: EmotionBank) -> None:
    prior = torch.randn(2, 3, 8)
    torch.testing.assert_close(tiny(prior)[:, 1:2], tiny(prior[:, 1:2]))
    torch.testing.assert_close(tiny.retrieve(prior)[0][1:], tiny.retrieve(prior[1:])[0])


def test_retrieval_returns_an_entry_of_the_bank(tiny: EmotionBank) -> None:
    found = tiny.retrieve(torch.randn(2, 3, 8))[1]
    torch.testing.assert_close(found.codes, tiny.codebook.codebook.weight[found.indices])


def test_gradients_reach_prior_and_bank(tiny: EmotionBank) -> None:
    prior = torch.randn(2, 3, 8, requires_grad=True)
    tokens, found = tiny.retrieve(prior)
    (tokens.sum() + found.loss).backward()
    assert prior.grad is not None and prior.grad.abs().sum() > 0
    assert tiny.codebook.codebook.weight.grad is not None
