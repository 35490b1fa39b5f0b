"""The discriminator: images and sequences, classes, and a loss that knows about noise and missing labels."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as fn

from dicetalk.emotion.discriminator import (
    CLASSES,
    UNLABELLED,
    EmotionDiscriminator,
    discrimination_loss,
    emotion_class,
)
from dicetalk.emotion.vocabulary import NAMES


@pytest.fixture
def net() -> EmotionDiscriminator:
    torch.manual_seed(0)
    return EmotionDiscriminator(6, 8).eval()


def test_an_image_is_a_sequence_of_its_places(net: EmotionDiscriminator) -> None:
    image = torch.randn(2, 6, 3, 5)
    torch.testing.assert_close(net(image), net(image.flatten(2).mT))


def test_padding_of_a_sequence_changes_nothing(net: EmotionDiscriminator) -> None:
    tokens = torch.randn(2, 7, 6)
    inside = torch.arange(7) < torch.tensor([[4], [7]])
    told = net(tokens, inside)
    torch.testing.assert_close(told[:1], net(tokens[:1, :4]))
    torch.testing.assert_close(told[1:], net(tokens[1:]))


def test_classes_are_meads() -> None:
    all_of_them = [emotion_class("neutral")] + [emotion_class(n, level) for n in NAMES[1:] for level in (1, 2, 3)]
    assert all_of_them == list(range(22)) and CLASSES == 22
    assert [emotion_class(name, 3, classes=8) for name in NAMES] == list(range(8))
    assert emotion_class(None) == UNLABELLED


def test_noise_and_missing_labels_in_the_loss() -> None:
    logits = torch.randn(3, 8, requires_grad=True)
    classes = torch.tensor([1, UNLABELLED, 5])
    plain = fn.cross_entropy(logits[[0, 2]], classes[[0, 2]], reduction="none").detach()
    loss = discrimination_loss(logits, classes, torch.tensor([0.0, 1.0, 3.0]))
    assert loss.item() == pytest.approx(float(plain[0] + plain[1] / 10) / 2, rel=1e-5)
    loss.backward()
    assert logits.grad is not None and not logits.grad[1].any() and logits.grad[0].any()


def test_nothing_labelled_is_no_loss() -> None:
    loss = discrimination_loss(torch.randn(2, 8), torch.tensor([UNLABELLED] * 2), torch.ones(2))
    assert loss.item() == 0


def test_it_learns(net: EmotionDiscriminator) -> None:
    net.train()
    classes = torch.arange(64) % 8
    features = fn.one_hot(classes % 6, 6).float() + torch.where(classes >= 6, 2.0, 0.0)[:, None]
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        discrimination_loss(net(features[:, None]), classes, torch.zeros(64)).backward()
        optimizer.step()
    assert (net.eval()(features[:, None]).argmax(1) == classes).float().mean() > 0.9
