"""Priors: offsets from neutral, own emotions, files that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from dicetalk.emotion.embedder import Gaussian
from dicetalk.emotion.priors import Prior, average, likeness, mixed, prior_of, read_priors, save_priors
from dicetalk.errors import CheckpointError, EmotionError

PRIORS = {name: Prior(torch.eye(4)[n] + 5, torch.full((4,), 0.1)) for n, name in enumerate(("neutral", "happy", "sad"))}


@settings(deadline=None)  # the first call of torch is slow
@given(st.floats(0, 1))
def test_strength_moves_from_neutral_to_the_emotion(strength: float) -> None:
    vector = mixed(PRIORS, {"happy": strength})
    expected = (1 - strength) * PRIORS["neutral"].mean + strength * PRIORS["happy"].mean
    torch.testing.assert_close(vector, expected)


def test_a_mixture_and_an_unknown_name() -> None:
    torch.testing.assert_close(mixed(PRIORS, {"happy": 0.5, "sad": 0.5}), torch.tensor([5.0, 5.5, 5.5, 5.0]))
    torch.testing.assert_close(mixed(PRIORS, {}), PRIORS["neutral"].mean)
    with pytest.raises(EmotionError, match="neutral, sad"):
        mixed(PRIORS, {"joy": 1.0})


def test_clips_resemble_their_own_prior() -> None:
    names = ["neutral", "happy", "sad"]
    vectors = torch.stack([PRIORS[name].mean + 0.05 for name in names])
    shares = likeness(vectors, PRIORS, names, torch.eye(vectors.shape[1]))
    assert shares.argmax(1).tolist() == [0, 1, 2]
    torch.testing.assert_close(shares.sum(1), torch.ones(3))


def test_spread_of_clips() -> None:
    found = prior_of(torch.tensor([[1.0, 0.0], [3.0, 0.0]]))
    torch.testing.assert_close(found.mean, torch.tensor([2.0, 0.0]))
    assert found.std[0] > 1 and found.std[1] == 0
    assert not prior_of(torch.ones(1, 2)).std.any()


def test_an_own_emotion() -> None:
    parts = [
        Gaussian(torch.tensor([[0.0]]), torch.tensor([[4.0]])),
        Gaussian(torch.tensor([[6.0]]), torch.tensor([[4.0]])),
    ]
    found = average(parts)
    assert found.mean.item() == 3 and found.std.item() == pytest.approx(13**0.5)
    with pytest.raises(EmotionError, match="at least one"):
        average([])


def test_files_come_back(tmp_path: Path) -> None:
    path = tmp_path / "mood.safetensors"
    save_priors(path, PRIORS)
    found = read_priors(path)
    assert sorted(found) == ["happy", "neutral", "sad"]
    assert torch.equal(found["sad"].mean, PRIORS["sad"].mean) and torch.equal(found["sad"].std, PRIORS["sad"].std)
    draw = found["sad"].sample(torch.Generator().manual_seed(0))
    assert torch.equal(draw, PRIORS["sad"].sample(torch.Generator().manual_seed(0)))


@pytest.mark.parametrize(
    "tensors",
    [
        {"a": torch.ones(3)},
        {"a.mean": torch.ones(3)},
        {"a.mean": torch.ones(3), "a.std": torch.ones(4)},
        {"a.mean": torch.ones(3, 1), "a.std": torch.ones(3, 1)},
        {"a.mean": torch.ones(3), "a.std": torch.full((3,), torch.nan)},
    ],
)
def test_files_that_are_refused(tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    save_file(tensors, tmp_path / "mood.safetensors")
    with pytest.raises(CheckpointError):
        read_priors(tmp_path / "mood.safetensors")


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "mood.safetensors").write_bytes(b"happy")
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_priors(tmp_path / "mood.safetensors")
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_priors(tmp_path / "gone.safetensors")
