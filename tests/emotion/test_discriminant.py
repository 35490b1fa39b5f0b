"""What tells emotions apart is kept, what tells people goes."""

from __future__ import annotations

import numpy as np
import torch

from dicetalk.emotion.discriminant import fit_discriminant
from dicetalk.emotion.embedder import Discriminant, Gaussian
from dicetalk.evaluation.emotion_score import Vectors, probe_identity
from dicetalk.evaluation.probes import cluster_ratio, fit_probe


def clips(seed: int = 0, people: int = 12, width: int = 24) -> Vectors:
    """Three emotions, one direction sure and one less so, and in other directions whose face it is."""
    rng = np.random.default_rng(seed)
    centres = np.zeros((3, width))
    centres[:, 0], centres[:, 1] = (0, 6, -6), (2, 0, -1)
    emotions, identities = np.repeat(np.arange(3), 8 * people), np.tile(np.arange(people), 24)
    faces = np.zeros((people, width))
    faces[:, 3:9] = 3 * rng.normal(size=(people, 6))
    values = centres[emotions] + faces[identities] + rng.normal(size=(len(emotions), width))
    return Vectors(values, emotions, identities)


def test_emotions_stay_and_people_go() -> None:
    told, other = clips(), clips(seed=1)
    found = fit_discriminant(told.values, told.emotions)
    known, after = (values @ found.weight.T + found.offset for values in (told.values, other.values))
    right = (fit_probe(known, told.emotions).predict(after) == other.emotions).mean()
    assert right > 0.95
    mapped = Vectors(after, other.emotions, other.identities)
    assert probe_identity(other).accuracy > 0.5 > 2 * probe_identity(mapped).accuracy
    assert cluster_ratio(after, other.emotions) > 2 * cluster_ratio(other.values, other.emotions)


def test_clips_of_one_emotion_lie_at_distance_one_whatever_the_direction() -> None:
    told = clips()
    found = fit_discriminant(told.values, told.emotions)
    mapped = told.values @ found.weight.T
    within = np.concatenate([mapped[told.emotions == k] - mapped[told.emotions == k].mean(0) for k in range(3)])
    size = np.linalg.svd(within, compute_uv=False) / np.sqrt(len(within))
    np.testing.assert_allclose(size[:2], 1, atol=0.05)
    assert size[2:].max() < 1e-9


def test_the_middle_stays_and_the_map_is_the_same_everywhere() -> None:
    told = clips()
    one, two = (fit_discriminant(told.values, told.emotions) for _ in range(2))
    np.testing.assert_array_equal(one.weight, two.weight)
    middle = told.values.mean(0)
    np.testing.assert_allclose(one.weight @ middle + one.offset, middle, atol=1e-9)


def test_the_gaussian_is_mapped_as_its_samples_are() -> None:
    torch.manual_seed(0)
    layer = Discriminant(4)
    layer.weight.copy_(torch.randn(4, 4))
    layer.offset.copy_(torch.randn(4))
    found = Gaussian(torch.randn(1, 4), torch.rand(1, 4) + 0.1)
    samples = found.mean + found.variance.sqrt() * torch.randn(200_000, 4)
    mapped = layer(found)
    moved = samples @ layer.weight.T + layer.offset
    torch.testing.assert_close(mapped.mean[0], moved.mean(0), atol=0.03, rtol=0)
    torch.testing.assert_close(mapped.variance[0], moved.var(0), rtol=0.02, atol=1e-3)


def test_before_training_it_changes_nothing() -> None:
    found = Gaussian(torch.randn(2, 4), torch.rand(2, 4) + 0.1)
    mapped = Discriminant(4)(found)
    torch.testing.assert_close(mapped.mean, found.mean)
    torch.testing.assert_close(mapped.variance, found.variance)
