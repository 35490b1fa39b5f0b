"""Emotion files are read without running what is in them."""

from __future__ import annotations

import contextlib
import os
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dicetalk.errors import CheckpointError
from dicetalk.official.npy import read_npy

HOSTILE = Path(__file__).parents[1] / "hostile"


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


HEAD = b"\x93NUMPY\x01\x007\x00{'descr': '|O', 'fortran_order': False, 'shape': (), }\n"
DTYPE = b"cnumpy\ndtype\n(\x8c\x02u1tR"
ENCODED = b"c_codecs\nencode\n(" + b"X" + (900_000).to_bytes(4, "little") + b"a" * 900_000 + b"\x8c\x06latin1tR"


def plain(descr: str, shape: str, data: bytes = b"") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode("latin1")
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


CRAFTED = {
    "dicts in dicts": HEAD + b"}\x94" + b"(\x8c\x01ah\x00u" * 10 + b".",
    "a dict of shared dicts": HEAD + b"}\x94(\x8c\x01x}\x94\x8c\x01yh\x01u.",
    "a number in the memo beyond any": HEAD + b"K\x01r\xff\xff\xff\x0f.",
    "an array that wraps itself": HEAD
    + b"cnumpy.core.multiarray\n_reconstruct\n(NNNtR\x94(K\x01)cnumpy\ndtype\n(\x8c\x02O8tR"
    b"\x89]h\x00atb.",
    "an attribute of a function": HEAD + b"c_codecs\nencode\nN}\x8c\x0c__defaults__)s\x86b.",
    "an attribute of a class": HEAD + b"cnumpy\nndarray\n}\x8c\x01xK\x01sb.",
    "a state of a dtype that is none": HEAD + DTYPE + b"K\x01b.",
    "a text longer than the file": HEAD + b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.",
    "bytes longer than the file": HEAD + b"B\xff\xff\xff\x7f.",
    "a million steps": HEAD + b"N0" * 400_000 + b".",
    "the same large text many times": HEAD + ENCODED + b"\x94" + b"h\x00" * 2000 + b".",
    "a call of what was read": HEAD + b"\x8c\x02os)R.",
    "an object made without a call": HEAD + b"cnumpy\nndarray\n)\x81.",
    "a persistent object": HEAD + b"Px\n.",
    "no end": HEAD + b"}",
    "nothing on the stack": HEAD + b".",
    "items without a dict": HEAD + b"K\x01\x8c\x01aK\x02s.",
    "a key that is no text": HEAD + b"}K\x01K\x02s.",
    "records": plain("[('a', '<f4'), ('b', '<f4')]", "(2,)", b"\0" * 16),
    "records in records": plain("[('a', " * 90 + "'<f4'" + ")]" * 90, "(1,)", b"\0" * 4),
    "text": plain("'<U4'", "(2,)", b"\0" * 32),
    "bytes": plain("'|S4'", "(2,)", b"\0" * 8),
    "void": plain("'|V2000000000'", "(0,)"),
    "dates": plain("'<M8[s]'", "(1,)", b"\0" * 8),
    "complex numbers": plain("'<c8'", "(1,)", b"\0" * 8),
    "a huge shape": plain("'<f4'", "(100000000000, 100000000000)"),
    "a shape below 0": plain("'<f4'", "(-1,)", b"\0" * 8),
    "a shape of truth values": plain("'<f4'", "(True,)", b"\0" * 8),
    "brackets": b"\x93NUMPY\x01\x00\xe8\x03" + b"[" * 1000,
    "minus signs": b"\x93NUMPY\x01\x00\xe8\x03" + b"-" * 999 + b"1",
    "a header of 4 GB": b"\x93NUMPY\x02\x00\xff\xff\xff\xff{",
    "a header that is a list": b"\x93NUMPY\x01\x00\x02\x00[]",
    "a header that is a call": b"\x93NUMPY\x01\x00\x0a\x00__import__",
}


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_files_end_with_one_line_at_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / "happy.npy"
    path.write_bytes(CRAFTED[name])
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError) as caught:
            read_npy(path)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600 + len(str(path))


@pytest.mark.parametrize("name", ["laughs", "bigmemo", "deepdict"])
def test_files_that_were_crafted_for_us(name: str) -> None:
    with pytest.raises(CheckpointError, match="nothing was run"):
        read_npy(HOSTILE / f"{name}.npy")


def test_the_same_bytes_named_often_take_their_room_once(tmp_path: Path) -> None:
    array = b"cnumpy.core.multiarray\n_reconstruct\n(NNNtR(K\x01J\xa0\x86\x01\x00\x85h\x00\x89h\x01tb"
    data = b"B" + (100_000).to_bytes(4, "little") + b"\1" * 100_000
    items = b"".join(b"\x8c\x02" + f"{n:02d}".encode() + array for n in range(50))
    path = tmp_path / "happy.npy"
    path.write_bytes(HEAD + DTYPE + b"\x940" + data + b"\x940" + b"}(" + items + b"u.")
    tracemalloc.start()
    try:
        found = read_npy(path)
        assert isinstance(found, dict)
        assert len(found) == 50 and all(item.shape == (100_000,) for item in found.values())
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "happy.npy")
    with pytest.raises(CheckpointError, match="is a pipe"):
        read_npy(tmp_path / "happy.npy")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 400))
@example(b"\0\0\0\x8d\0\0\0\0\0\0\0\x80", 375)  # a text longer than memory can hold
def test_damaged_files_raise_our_error_or_read(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    data = save(folder / "x.npy", {"mu": np.ones((1, 4), np.float32)}).read_bytes()
    (folder / "y.npy").write_bytes(data[:at] + noise + data[at + len(noise) :])
    with contextlib.suppress(CheckpointError):
        read_npy(folder / "y.npy")
