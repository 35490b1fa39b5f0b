"""Read `.npy` files that hold a pickled dict of numeric arrays, without giving pickle anything to run.

The published emotion files are such pickles. Every global that the pickle asks for is answered with a stand-in
of ours that only
takes notes; anything but the handful needed for arrays and dicts is refused.
"""

from __future__ import annotations

import ast
import pickle
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from dicetalk.errors import CheckpointError

MAX_BYTES = 10_000_000
MAX_HEADER = 65_535
NUMERIC = {f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)} | {"f2", "f4", "f8", "b1"}
_DAMAGED = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    MemoryError,
    OverflowError,
)
"""What the readers of numpy and pickle raise on bytes that make no sense."""
_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")


class _Dtype:
    """Takes note of a dtype."""

    def __init__(self, code: str, *_flags: object) -> None:
        self.code, self.order = code, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = str(state[1])

    def numeric(self) -> np.dtype[Any]:
        """The dtype itself, if it is a plain number."""
        if self.code not in NUMERIC or self.order not in ("<", ">", "=", "|"):
            raise pickle.UnpicklingError(f"an array of type {self.code!r}")
        order = self.order if self.order in ("<", ">") else "="
        return np.dtype(order + self.code)


class _Array:
    """Takes note of an array."""

    def __init__(self) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def value(self) -> Any:
        """The array, or the single Python object that an array of objects wraps."""
        _, shape, dtype, fortran, data = self.state
        if dtype.code == "O8" and shape == () and isinstance(data, list) and len(data) == 1:
            return _plain(data[0])
        array = np.frombuffer(data, dtype.numeric())
        return array.reshape(shape, order="F" if fortran else "C").copy()


def _reconstruct(_kind: object, _shape: object, _code: object) -> _Array:
    return _Array()


def _scalar(dtype: _Dtype, data: bytes) -> Any:
    return np.frombuffer(data, dtype.numeric())[0]


def _latin1(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"an encoding {encoding!r}")
    return text.encode("latin1")


class _Ndarray:
    """Stands for the class `numpy.ndarray`, which is named and never called."""

    def __new__(cls) -> _Ndarray:
        raise pickle.UnpicklingError("a bare array")


class _Reader(pickle.Unpickler):
    """Knows arrays, dtypes and numpy's numbers, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if module in _ARRAY_MODULES and name in ("_reconstruct", "scalar"):
            return _reconstruct if name == "_reconstruct" else _scalar
        if (module, name) == ("numpy", "dtype"):
            return _Dtype
        if (module, name) == ("numpy", "ndarray"):
            return _Ndarray
        if (module, name) == ("_codecs", "encode"):
            return _latin1
        raise pickle.UnpicklingError(f"{module}.{name}")


def _plain(value: Any) -> Any:
    """Turn stand-ins into what they stand for; only dicts, arrays, numbers and text are let through."""
    if isinstance(value, _Array):
        return value.value()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, int | float | str | np.generic):
        return value
    raise pickle.UnpicklingError(f"a {type(value).__name__}")


def read_npy(path: Path) -> dict[str, Any] | NDArray[Any]:
    """Read a `.npy` file: a plain numeric array, or a pickled dict of text, numbers and numeric arrays.

    Raises:
        CheckpointError: the file cannot be read, is too large, or holds anything else. Nothing in it is ever run.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CheckpointError(
                f"{path} is larger than {MAX_BYTES // 10**6} MB; expected an emotion file of a few kB"
            )
        with path.open("rb") as file:
            return _read(file)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} asks for {error}; only dicts and numeric arrays are read, nothing was run"
        ) from None
    except _DAMAGED as error:
        raise CheckpointError(f"{path} is not a readable .npy file ({type(error).__name__}: {error})") from None


def _read(file: IO[bytes]) -> dict[str, Any] | NDArray[Any]:
    header = _header(file)
    dtype = np.dtype(header["descr"])
    if not dtype.hasobject:
        array = np.frombuffer(file.read(), dtype, count=int(np.prod(header["shape"])))
        return array.reshape(header["shape"], order="F" if header["fortran_order"] else "C").copy()
    value = _plain(_Reader(file).load())
    if not isinstance(value, dict):
        raise pickle.UnpicklingError(f"a {type(value).__name__} where a dict was expected")
    return value


def _header(file: IO[bytes]) -> dict[str, Any]:
    """The dict at the head of a `.npy` file: descr, fortran_order, shape."""
    magic = file.read(8)
    if magic[:6] != b"\x93NUMPY" or magic[6] not in (1, 2):
        raise ValueError("no .npy header")
    length = int.from_bytes(file.read(2 * magic[6]), "little")
    if length > MAX_HEADER:
        raise ValueError(f"a header of {length} bytes")
    header: dict[str, Any] = ast.literal_eval(file.read(length).decode("latin1").strip())
    return header
