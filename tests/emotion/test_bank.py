"""The Emotion Bank against the published computation; what must hold for any weights; what training reads."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
from golden_data import facts, needs_golden, recipe_weights, relative, stored_weights, tensors

from dicetalk.emotion.bank import NO_EMOTION, BankSizes, BankTraining, EmotionBank, Retrieval
from dicetalk.errors import ConfigError

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


@torch.no_grad()
def test_attention_is_told_as_it_is_paid(tiny: EmotionBank) -> None:
    prior = torch.randn(2, 3, 8)
    shares = tiny.attended(prior)
    assert shares.shape == (2, 3, 5)
    torch.testing.assert_close(shares.sum(-1), torch.ones(2, 3))
    queries, memory = torch.randn(4, 3, 16), torch.randn(4, 7, 16)
    values = tiny.attention.fc_v(memory).unflatten(-1, (2, 8)).transpose(1, 2)
    read = (tiny.attention.weights(queries, memory) @ values).transpose(1, 2).flatten(-2)
    torch.testing.assert_close(read, tiny.attention(queries, memory))


def test_frames_do_not_see_each_other(tiny: EmotionBank) -> None:
    prior = torch.randn(2, 3, 8)
    torch.testing.assert_close(tiny(prior)[:, 1:2], tiny(prior[:, 1:2]))
    torch.testing.assert_close(tiny.retrieve(prior)[0][1:], tiny.retrieve(prior[1:])[0])


def test_retrieval_returns_an_entry_of_the_bank(tiny: EmotionBank) -> None:
    found = tiny.retrieve(torch.randn(2, 3, 8))[1]
    torch.testing.assert_close(found.codes, tiny.codebook.codebook.weight[found.indices])


def test_entries_start_from_what_priors_ask_for(tiny: EmotionBank) -> None:
    bank, priors = EmotionBank(tiny.sizes), torch.randn(3, tiny.sizes.prior)
    near_zero = bank.codebook(priors[None]).loss
    bank.codebook.start_from(priors)
    found = bank.codebook(priors[None])
    assert found.indices.flatten().tolist() == [0, 1, 2] and found.loss < 1e-10 < near_zero
    entries = bank.codebook.codebook.weight
    assert torch.equal(entries[3:], entries[: len(entries) - 3])  # in turn


def test_gradients_reach_prior_and_bank(tiny: EmotionBank) -> None:
    prior = torch.randn(2, 3, 8, requires_grad=True)
    tokens, found = tiny.retrieve(prior)
    (tokens.sum() + found.loss).backward()
    assert prior.grad is not None and prior.grad.abs().sum() > 0
    assert tiny.codebook.codebook.weight.grad is not None


@needs_golden
@torch.inference_mode()
def test_no_emotion_as_published() -> None:
    data, bank = tensors("emotion_small"), small_bank()
    expected = data["zeros_uncond.out.retrieval_False"][0, 0]
    assert relative(bank.no_emotion("release", torch.randn(bank.sizes.prior)), expected) < TOLERANCE
    mask = data["masked.mask"].flatten(1) > 0
    for tokens in data["masked.out.retrieval_True"][mask]:
        assert relative(bank.no_emotion("matched", torch.randn(bank.sizes.prior)), tokens) < TOLERANCE


def test_no_emotion_reads_what_it_says(tiny: EmotionBank) -> None:
    neutral, one = torch.randn(8), torch.ones(1, 1)
    torch.testing.assert_close(tiny.no_emotion("release", neutral), tiny(neutral[None, None], one)[0, 0])
    torch.testing.assert_close(tiny.no_emotion("matched", neutral), tiny.retrieve(neutral[None, None], one)[0][0, 0])
    torch.testing.assert_close(tiny.no_emotion("neutral", neutral), tiny(neutral[None, None])[0, 0])


@torch.no_grad()
def test_what_no_emotion_depends_on(tiny: EmotionBank) -> None:
    """On the neutral prior: only `neutral`. On the entries: all but `matched`."""
    neutral, other = torch.randn(8), torch.randn(8)
    before = {kind: tiny.no_emotion(kind, neutral) for kind in NO_EMOTION}
    for kind in NO_EMOTION:
        assert torch.equal(before[kind], tiny.no_emotion(kind, other)) == (kind != "neutral")
    tiny.codebook.codebook.weight += torch.randn(5, 16)
    for kind in NO_EMOTION:
        assert torch.equal(before[kind], tiny.no_emotion(kind, neutral)) == (kind == "matched")


def test_settings_that_are_wrong(tiny: EmotionBank) -> None:
    with pytest.raises(ConfigError, match="release, matched, neutral"):
        BankTraining(no_emotion="none")
    with pytest.raises(ConfigError, match="0 to 1"):
        BankTraining(whole=1.5)
    with pytest.raises(ConfigError, match="'nothing'"):
        tiny.no_emotion("nothing", torch.zeros(8))


def learn(
    bank: EmotionBank, prior: torch.Tensor, dropped: torch.Tensor | None = None, seed: int = 0, **options: Any
) -> tuple[torch.Tensor, Retrieval]:
    dropped = torch.zeros(prior.shape[:2]) if dropped is None else dropped
    chance = torch.Generator().manual_seed(seed)
    return bank.learn(prior, dropped, torch.ones(8), BankTraining(**options), chance)


def test_training_at_the_ends_of_the_mixture_is_each_mode(tiny: EmotionBank) -> None:
    prior = torch.randn(6, 3, 8)
    torch.testing.assert_close(learn(tiny, prior, whole=1.0)[0], tiny(prior))
    torch.testing.assert_close(learn(tiny, prior, whole=0.0)[0], tiny.retrieve(prior)[0])


@torch.inference_mode()
def test_half_of_the_clips_read_the_whole_bank(tiny: EmotionBank) -> None:
    """Each clip reads in one of the two ways; of 2000 the half, within 4 standard deviations (0.045)."""
    prior = torch.randn(2000, 2, 8)
    tokens, found = learn(tiny, prior)
    as_whole = ((tokens - tiny(prior)).abs().amax((1, 2, 3)) < 1e-5).float()
    as_one = ((tokens - tiny.retrieve(prior)[0]).abs().amax((1, 2, 3)) < 1e-5).float()
    assert torch.equal(as_whole + as_one, torch.ones(2000))
    assert float(as_whole.mean()) == pytest.approx(0.5, abs=0.045)
    torch.testing.assert_close(found.loss, tiny.retrieve(prior)[1].loss)
    assert torch.equal(tokens, learn(tiny, prior)[0])
    assert not torch.equal(tokens, learn(tiny, prior, seed=1)[0])


@pytest.mark.parametrize("kind", NO_EMOTION)
def test_where_emotion_is_dropped_training_reads_no_emotion(tiny: EmotionBank, kind: str) -> None:
    prior, dropped = torch.randn(6, 3, 8), torch.zeros(6, 3)
    dropped[2], dropped[4, 1] = 1, 1
    tokens, found = learn(tiny, prior, dropped, no_emotion=kind)
    kept, same = learn(tiny, prior, no_emotion=kind)
    expected = tiny.no_emotion(kind, torch.ones(8)).expand(4, -1, -1)
    torch.testing.assert_close(tokens[dropped > 0], expected)
    assert torch.equal(tokens[dropped == 0], kept[dropped == 0])
    assert torch.equal(found.loss, same.loss) and torch.equal(found.indices, same.indices)


def test_training_moves_every_parameter_and_every_entry(tiny: EmotionBank) -> None:
    tokens, found = learn(tiny, torch.randn(8) + 0.1 * torch.randn(8, 3, 8))
    assert len(found.indices.unique()) < 5  # so the others can only be reached by reading the whole bank
    ((tokens * torch.randn(tokens.shape)).sum() + found.loss).backward()
    # Adding the same to every key changes no softmax: the keys' bias has no gradient in any attention.
    still = {name for name, p in tiny.named_parameters() if p.grad is None or p.grad.abs().max() < 1e-5}
    assert still == {"attention.fc_k.bias"}
    gradient = tiny.codebook.codebook.weight.grad
    assert gradient is not None and (gradient.abs().amax(1) > 0).all()
