"""Priors: what they resemble, own ones averaged from clips, files that are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from dicetalk.arrays import Float32
from dicetalk.emotion.priors import (
    Prior,
    average,
    likeness,
    mixture,
    prior_of,
    read_priors,
    read_space,
    save_priors,
)
from dicetalk.errors import CheckpointError, EmotionError


def array(*values: float) -> Float32:
    return np.array(values, np.float32)


PRIORS = {
    name: Prior(np.eye(4, dtype=np.float32)[n] + 5, np.full(4, 0.1, np.float32))
    for n, name in enumerate(("neutral", "happy", "sad"))
}


def test_clips_resemble_their_own_prior() -> None:
    names = ["neutral", "happy", "sad"]
    vectors = np.stack([PRIORS[name].mean + 0.05 for name in names])
    shares = likeness(vectors, PRIORS, names)
    assert shares.argmax(1).tolist() == [0, 1, 2]
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-6)


def test_spread_of_clips() -> None:
    found = prior_of(np.stack([array(1, 0), array(3, 0)]))
    np.testing.assert_allclose(found.mean, [2, 0])
    assert found.std[0] > 1 and found.std[1] == 0
    assert not prior_of(np.ones((1, 2), np.float32)).std.any()


def test_an_own_emotion() -> None:
    found = average([Prior(array(0), array(2)), Prior(array(6), array(2))])
    assert found.mean.item() == 3 and found.std.item() == pytest.approx(13**0.5)
    with pytest.raises(EmotionError, match="at least one"):
        average([])


def test_files_come_back(tmp_path: Path) -> None:
    path = tmp_path / "mood.safetensors"
    save_priors(path, PRIORS)
    found = read_priors(path)
    assert sorted(found) == ["happy", "neutral", "sad"]
    for kept, was in ((found["sad"].mean, PRIORS["sad"].mean), (found["sad"].std, PRIORS["sad"].std)):
        np.testing.assert_array_equal(kept, was)
    draw, before = (prior.sample(np.random.default_rng(0)) for prior in (found["sad"], PRIORS["sad"]))
    np.testing.assert_array_equal(draw, before)
    assert draw.dtype == np.float32


def test_samples_follow_the_gaussian() -> None:
    prior = Prior(np.full(20_000, 3, np.float32), np.full(20_000, 2, np.float32))
    draw = prior.sample(np.random.default_rng(0))
    assert draw.mean() == pytest.approx(3, abs=0.05) and draw.std() == pytest.approx(2, abs=0.05)


def test_the_space_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mood.safetensors"
    save_priors(path, PRIORS, "0123456789abcdef")
    assert read_space(path) == "0123456789abcdef" and set(read_priors(path)) == set(PRIORS)
    save_priors(path, PRIORS)
    assert read_space(path) is None and set(read_priors(path)) == set(PRIORS)
    with pytest.raises(CheckpointError, match="cannot be opened"):
        read_space(tmp_path / "gone.safetensors")


@pytest.mark.parametrize(
    "tensors",
    [
        {"a": np.ones(3)},
        {"a.mean": np.ones(3)},
        {"a.mean": np.ones(3), "a.std": np.ones(4)},
        {"a.mean": np.ones((3, 1)), "a.std": np.ones((3, 1))},
        {"a.mean": np.ones(3), "a.std": np.full(3, np.nan)},
        {"a.mean": np.ones(3, np.int64), "a.std": np.ones(3)},
    ],
)
def test_files_that_are_refused(tensors: dict[str, np.ndarray], tmp_path: Path) -> None:
    save_file(tensors, tmp_path / "mood.safetensors")
    with pytest.raises(CheckpointError):
        read_priors(tmp_path / "mood.safetensors")


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "mood.safetensors").write_bytes(b"happy")
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_priors(tmp_path / "mood.safetensors")
    with pytest.raises(CheckpointError, match="cannot be opened"):
        read_priors(tmp_path / "gone.safetensors")


def test_a_mixture_is_as_wide_as_what_it_mixes_lies_apart() -> None:
    one, other = Prior(np.array([0, 2], np.float32), np.ones(2, np.float32)), Prior(*np.full((2, 2), 4, np.float32))
    found = mixture([one, other], np.array([0.75, 0.25], np.float32))
    np.testing.assert_allclose(found.mean, [1, 2.5])
    np.testing.assert_allclose(found.std**2, [0.75 * 2 + 0.25 * (16 + 9), 0.75 * 1.25 + 0.25 * (16 + 2.25)])
    np.testing.assert_allclose(mixture([one, other], np.array([1, 0], np.float32)).std, one.std)
