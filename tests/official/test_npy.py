"""Emotion files are read without running what is in them."""

from __future__ import annotations

import contextlib
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dicetalk.errors import CheckpointError
from dicetalk.official.npy import read_npy


class Runs:
    """Runs a function when it is unpickled."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def save(path: Path, value: Any) -> Path:
    array = np.empty((), object)
    array[()] = value
    np.save(path, array, allow_pickle=True)
    return path


def test_a_published_emotion_file_is_read(tmp_path: Path) -> None:
    mu = np.random.default_rng(0).standard_normal((1, 256)).astype(np.float32)
    found = read_npy(save(tmp_path / "happy.npy", {"mu": mu, "name": "happy", "level": np.float32(2)}))
    np.testing.assert_array_equal(found["mu"], mu)
    assert (found["name"], found["level"]) == ("happy", 2)


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<f2", "u1", "<i8", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numeric_arrays_of_every_kind_are_read(tmp_path: Path, dtype: str, order: Any) -> None:
    array = np.arange(12).reshape(3, 4).astype(dtype, order=order)
    np.testing.assert_array_equal(read_npy(save(tmp_path / "a.npy", {"x": array}))["x"], array)
    np.save(tmp_path / "plain.npy", array)
    plain = read_npy(tmp_path / "plain.npy")
    assert isinstance(plain, np.ndarray)
    np.testing.assert_array_equal(plain, array)


@pytest.mark.parametrize("protocol", [0, 2, 3, 4])
def test_every_protocol_of_numpy_is_read(tmp_path: Path, protocol: int) -> None:
    array = np.empty((), object)
    array[()] = {"mu": np.ones((1, 4), np.float32)}
    path = tmp_path / "x.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        pickle.dump(array, file, protocol=protocol)
    np.testing.assert_array_equal(read_npy(path)["mu"], np.ones((1, 4)))


@pytest.mark.parametrize(
    ("function", "argument"), [(os.system, "touch {}"), (eval, "open('{}', 'w')"), (Path.touch, None), (open, "{}")]
)
def test_a_crafted_file_is_refused_and_runs_nothing(tmp_path: Path, function: Any, argument: str | None) -> None:
    trap = tmp_path / "trap"
    arguments = (
        (trap,) if argument is None else (argument.format(trap), "w") if function is open else (argument.format(trap),)
    )
    path = save(tmp_path / "evil.npy", {"mu": Runs(function, *arguments)})
    with pytest.raises(CheckpointError, match="nothing was run"):
        read_npy(path)
    assert not trap.exists()


@pytest.mark.parametrize("value", [{"x": [1, 2]}, {"x": object}, {"x": np.array(["text"])}, {"x": {1, 2}}, [1]])
def test_anything_but_numbers_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(CheckpointError):
        read_npy(save(tmp_path / "x.npy", value))


def test_missing_and_large_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        read_npy(tmp_path / "none.npy")
    np.save(tmp_path / "large.npy", np.zeros(2_000_000))
    with pytest.raises(CheckpointError, match="larger"):
        read_npy(tmp_path / "large.npy")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 400))
@example(b"\0\0\0\x8d\0\0\0\0\0\0\0\x80", 375)  # a text longer than memory can hold
def test_damaged_files_raise_our_error_or_read(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    data = save(folder / "x.npy", {"mu": np.ones((1, 4), np.float32)}).read_bytes()
    (folder / "y.npy").write_bytes(data[:at] + noise + data[at + len(noise) :])
    with contextlib.suppress(CheckpointError):
        read_npy(folder / "y.npy")
