"""The embedder: what must hold for any weights; the loss against a naive loop; batches; gradients."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dicetalk.emotion.contrast import Anchors, balanced_batch, contrast
from dicetalk.emotion.embedder import EmbedderSizes, EmotionEmbedder, Gaussian, drop_modalities


def assert_close(found: Tensor, wanted: Tensor) -> None:
    """One pass of a small float32 transformer against the same in another batch: rounding only."""
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def embedder(stride: int = 1) -> EmotionEmbedder:
    torch.manual_seed(0)
    sizes = EmbedderSizes(speech=7, motion=5, inner=16, layers=2, heads=2, rank=4, width=12, stride=stride)
    return EmotionEmbedder(sizes).eval()


def clips(count: int, frames: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    speech = torch.randn(count, frames, 7, generator=generator)
    motion = torch.randn(count, frames, 5, generator=generator)
    yes = torch.ones(count, dtype=torch.bool)
    return speech, motion, torch.ones(count, frames, dtype=torch.bool), yes, yes.clone()


@pytest.mark.parametrize("stride", [1, 2])
@settings(max_examples=15, deadline=None)
@given(frames=st.integers(1, 20), padding=st.integers(0, 9))
@torch.inference_mode()
def test_padding_changes_nothing(stride: int, frames: int, padding: int) -> None:
    net = embedder(stride)
    speech, motion, inside, heard, seen = clips(2, frames + padding)
    inside[:, frames:] = False
    speech[:, frames:], motion[:, frames:] = 1e3, -1e3
    padded = net(speech, motion, inside, heard, seen)
    bare = net(speech[:, :frames], motion[:, :frames], inside[:, :frames], heard, seen)
    assert_close(padded.mean, bare.mean)
    assert_close(padded.variance, bare.variance)


@torch.inference_mode()
def test_clips_do_not_see_each_other() -> None:
    net, (speech, motion, inside, heard, seen) = embedder(), clips(4, 9)
    inside[1, 5:] = False
    seen[2] = False
    whole = net(speech, motion, inside, heard, seen)
    order = torch.tensor([2, 0, 3, 1])
    turned = net(speech[order], motion[order], inside[order], heard[order], seen[order])
    assert_close(turned.mean, whole.mean[order])
    alone = net(speech[1:2], motion[1:2], inside[1:2], heard[1:2], seen[1:2])
    assert_close(alone.variance, whole.variance[1:2])


@torch.inference_mode()
def test_a_missing_stream_is_not_looked_at() -> None:
    net, (speech, motion, inside, heard, seen) = embedder(), clips(3, 9)
    without = torch.zeros(3, dtype=torch.bool)
    for dropped, told in (((heard, without), (speech, -motion)), ((without, seen), (speech * 9, motion))):
        one = net(speech, motion, inside, *dropped)
        other = net(*told, inside, *dropped)
        torch.testing.assert_close(one.mean, other.mean)
        assert not torch.allclose(one.mean, net(speech, motion, inside, heard, seen).mean)


@torch.inference_mode()
def test_the_gaussian_is_proper_at_every_length() -> None:
    net = embedder()
    for frames in (1, 2, 75, 400):
        found = net(*clips(2, frames))
        assert found.mean.shape == found.variance.shape == (2, 12)
        assert found.mean.isfinite().all() and (found.variance >= 1e-4).all()
    one = net(*clips(1, 1))
    torch.testing.assert_close(one.variance, torch.full((1, 12), 1e-4))  # one frame varies around nothing
    torch.testing.assert_close(one.mean.square().mean(), torch.tensor(1.0), rtol=1e-3, atol=0)  # no affine


def test_sampling_follows_the_gaussian_and_the_generator() -> None:
    gaussian = Gaussian(torch.full((20_000, 1), 3.0), torch.full((20_000, 1), 4.0))
    draws = gaussian.sample(torch.Generator().manual_seed(0))
    assert draws.mean().item() == pytest.approx(3, abs=0.05)
    assert draws.std().item() == pytest.approx(2, abs=0.05)
    assert torch.equal(draws, gaussian.sample(torch.Generator().manual_seed(0)))
    assert not torch.equal(draws, gaussian.sample(torch.Generator().manual_seed(1)))


def test_gradient_reaches_every_parameter() -> None:
    net, (speech, motion, inside, heard, seen) = embedder().train(), clips(6, 9)
    heard[4], seen[5] = False, False
    drawn = net(speech, motion, inside, heard, seen).sample(torch.Generator().manual_seed(0))
    contrast(drawn, torch.tensor([0, 0, 1, 1, 0, 1]), torch.tensor([0, 1, 0, 1, 2, 2])).backward()
    # A constant added to all scores leaves the softmax as it is.
    without = {name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0} - {
        "pool.score.bias"
    }
    assert not without


def test_parameters_of_the_full_size() -> None:
    with torch.device("meta"):
        net = EmotionEmbedder()
    assert 5e6 < sum(p.numel() for p in net.parameters()) < 6e6


@settings(deadline=None)
@given(share=st.sampled_from([0.0, 0.2, 0.5]), seed=st.integers(0, 50))
def test_dropping_leaves_one_stream(share: float, seed: int) -> None:
    heard = torch.rand(200, generator=torch.Generator().manual_seed(seed)) < 0.8
    seen = ~heard | (torch.rand(200, generator=torch.Generator().manual_seed(seed + 1)) < 0.8)
    h, s = drop_modalities(heard, seen, share, share, torch.Generator().manual_seed(seed))
    assert (h | s).all()
    assert not (h & ~heard).any() and not (s & ~seen).any()
    assert torch.equal(h[~(heard & seen)], heard[~(heard & seen)])
    if share == 0:
        assert torch.equal(h, heard) and torch.equal(s, seen)


def test_dropping_takes_the_share_asked_for() -> None:
    yes = torch.ones(50_000, dtype=torch.bool)
    heard, seen = drop_modalities(yes, yes, 0.2, 0.5, torch.Generator().manual_seed(0))
    assert 1 - heard.float().mean().item() == pytest.approx(0.2, abs=0.01)
    assert 1 - seen.float().mean().item() == pytest.approx(0.5, abs=0.01)


def naive(samples: Tensor, emotions: list[int], identities: list[int], temperature: float) -> float:
    """The loss, written as it is read."""
    rows = [row / row.norm() for row in samples.detach().double()]
    losses = []
    for i, row in enumerate(rows):
        same = [j for j in range(len(rows)) if emotions[j] == emotions[i] and identities[j] != identities[i]]
        other = [j for j in range(len(rows)) if emotions[j] != emotions[i]]
        if same:
            scores = {j: math.exp((row @ rows[j]).item() / temperature) for j in same + other}
            losses.append(-sum(math.log(scores[j] / sum(scores.values())) for j in same) / len(same))
    return sum(losses) / len(losses) if losses else 0.0


@settings(max_examples=30, deadline=None)
@given(labels=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=9))
def test_the_loss_is_that_of_a_naive_loop(labels: list[tuple[int, int]]) -> None:
    emotions, identities = [e for e, _ in labels], [i for _, i in labels]
    samples = torch.randn(len(labels), 6, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = contrast(samples, torch.tensor(emotions), torch.tensor(identities), 0.2)
    assert loss.item() == pytest.approx(naive(samples, emotions, identities, 0.2), abs=1e-4)
    loss.backward()
    assert samples.grad is not None and samples.grad.isfinite().all()


def test_the_loss_falls_when_an_emotion_gathers() -> None:
    emotions, identities = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1])
    by_emotion, by_identity = torch.eye(2)[emotions], torch.eye(2)[identities]
    assert contrast(by_emotion, emotions, identities) < 0.01
    assert contrast(by_identity, emotions, identities) > 5


def test_anchors_draw_their_emotion_near() -> None:
    torch.manual_seed(0)
    anchors, emotions = Anchors(12, 8), torch.tensor([0, 3, 3])
    own = anchors.points.detach()[emotions]
    other = anchors.points.detach()[[1, 2, 2]]
    assert anchors(own, emotions) < 0.05 * anchors(other, emotions)
    samples = torch.randn(3, 12).requires_grad_()
    anchors(samples, emotions).backward()
    for grad in (samples.grad, anchors.points.grad):
        assert grad is not None and grad.abs().sum() > 0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), p=st.integers(1, 4), k=st.integers(1, 5))
def test_batches_are_emotions_by_identities(seed: int, p: int, k: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    emotions = torch.arange(120) % 4
    identities = (torch.arange(120) // 4) % 5
    batch = balanced_batch(emotions, identities, p, k, generator)
    assert len(batch.unique()) == len(batch) == p * k
    assert len(emotions[batch].unique()) == p
    for emotion in emotions[batch].unique():
        assert len(identities[batch][emotions[batch] == emotion].unique()) == k


def test_every_clip_is_drawn_in_time() -> None:
    generator = torch.Generator().manual_seed(0)
    emotions, identities = torch.arange(40) % 2, torch.arange(40) // 2 % 4
    drawn = torch.cat([balanced_batch(emotions, identities, 2, 2, generator) for _ in range(60)])
    assert len(drawn.unique()) == 40
