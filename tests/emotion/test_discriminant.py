"""What tells emotions apart is kept, what tells people goes; an emotion that only faces show has a place."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dicetalk.emotion.discriminant import fit_discriminant
from dicetalk.emotion.embedder import Discriminant, Gaussian
from dicetalk.evaluation.emotion_score import Vectors, probe_identity
from dicetalk.evaluation.probes import cluster_ratio, fit_probe


def clips(seed: int = 0, people: int = 12, width: int = 24) -> tuple[Vectors, np.ndarray, np.ndarray]:
    """Means of voices: three emotions, one direction sure and one less so, and in other directions who is speaking.
    Means of faces: four emotions, the last of which no voice has."""
    rng = np.random.default_rng(seed)
    centres = np.zeros((4, width))
    centres[:, 0], centres[:, 1], centres[3, 2] = (0, 6, -6, 0), (2, 0, -1, 0), 4
    emotions = np.repeat(np.arange(3), 8 * people)
    identities = np.tile(np.arange(people), 24)
    voices = np.zeros((people, width))
    voices[:, 3:9] = 3 * rng.normal(size=(people, 6))
    values = centres[emotions] + voices[identities] + rng.normal(size=(len(emotions), width))
    seen_emotions = np.repeat(np.arange(4), 20)
    seen = centres[seen_emotions] + 0.1 * rng.normal(size=(80, width))
    return Vectors(values, emotions, identities), seen, seen_emotions


@pytest.mark.parametrize("power", [0.0, 1.5])
def test_emotions_stay_and_people_go(power: float) -> None:
    told, seen, seen_emotions = clips()
    found = fit_discriminant(told.values, told.emotions, seen, seen_emotions, power)
    weight, offset = found.weight, found.offset
    other, _, _ = clips(seed=1)
    before, after = other.values, other.values @ weight.T + offset
    known = told.values @ weight.T + offset
    right = (fit_probe(known, told.emotions).predict(after) == other.emotions).mean()
    assert right > 0.95
    mapped = Vectors(after, other.emotions, other.identities)
    assert probe_identity(other).accuracy > 0.5 > 2 * probe_identity(mapped).accuracy
    assert cluster_ratio(after, other.emotions) > 2 * cluster_ratio(before, other.emotions)


def test_more_power_makes_tighter_clusters() -> None:
    told, seen, seen_emotions = clips()
    ratios = []
    for power in (0.0, 1.0, 2.0):
        found = fit_discriminant(told.values, told.emotions, seen, seen_emotions, power)
        ratios.append(cluster_ratio(told.values @ found.weight.T + found.offset, told.emotions))
    assert ratios == sorted(ratios)


def test_what_only_faces_show_stands_apart() -> None:
    told, seen, seen_emotions = clips()
    found = fit_discriminant(told.values, told.emotions, seen, seen_emotions, 1.5)
    places = seen @ found.weight.T + found.offset
    centres = np.array([places[seen_emotions == kind].mean(0) for kind in range(4)])
    apart = np.linalg.norm(centres[:3] - centres[3], axis=1)
    assert apart.min() > 5 * np.linalg.norm(places - centres[seen_emotions], axis=1).mean()


def test_the_middle_stays_and_the_map_is_the_same_everywhere() -> None:
    told, seen, seen_emotions = clips()
    one, two = (fit_discriminant(told.values, told.emotions, seen, seen_emotions, 1.5) for _ in range(2))
    np.testing.assert_array_equal(one.weight, two.weight)
    middle = told.values.mean(0)
    np.testing.assert_allclose(one.weight @ middle + one.offset, middle, atol=1e-9)


def test_scales_are_undone_for_comparing() -> None:
    told, seen, seen_emotions = clips()
    flat, steep = (fit_discriminant(told.values, told.emotions, seen, seen_emotions, power) for power in (0.0, 2.0))
    centred = told.values - told.values.mean(0)
    np.testing.assert_allclose(steep.even @ steep.weight @ centred.T, flat.even @ flat.weight @ centred.T, atol=1e-8)
    assert np.linalg.norm(steep.weight @ centred.T) < np.linalg.norm(flat.weight @ centred.T)


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
