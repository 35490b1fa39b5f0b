"""Read `.npy` files that hold a pickled dict of numeric arrays, without unpickling.

The published emotion files are such pickles. The handful of steps that numpy writes for a dict of arrays are followed
here one by one, on values of ours that cannot be called or changed; any other step is refused. A file is read in time
and memory that its size bounds, whatever it holds.
"""

from __future__ import annotations

import ast
import io
import math
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from dicetalk.errors import CheckpointError, MediaError
from dicetalk.files import existing_file

MAX_BYTES = 1_000_000
MAX_HEADER = 1_000
"""Bytes; numpy writes about 120."""
MAX_STEPS = 1_000
"""Of a pickle; a published file has about 60."""
NUMERIC = {f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)} | {"f2", "f4", "f8", "b1"}
ORDERS = ("<", ">", "=", "|")
_DAMAGED = (OSError, SyntaxError, ValueError, TypeError, LookupError, MemoryError, OverflowError, RecursionError)
"""What bytes that make no sense lead to."""

_MARK = object()


class Refused(Exception):  # noqa: N818 (becomes a `CheckpointError` that names the file)
    """A pickle asks for what no dict of arrays needs."""


@dataclass(frozen=True)
class _Global:
    """Something of numpy's that is named."""

    name: str


@dataclass(frozen=True)
class _Dtype:
    """A type of numbers."""

    code: str
    order: str = "="

    def numeric(self) -> np.dtype[Any]:
        """The dtype itself, if it is a plain number."""
        if self.code not in NUMERIC or self.order not in ORDERS:
            raise Refused(f"an array of type {self.code[:20]!r}")
        order = self.order if self.order in ("<", ">") else "="
        return np.dtype(order + self.code)


@dataclass(frozen=True)
class _Empty:
    """An array before its content is known."""


@dataclass(frozen=True)
class _Wrapped:
    """An array of objects that wraps a single one."""

    inside: Any


GLOBALS = {
    ("numpy.core.multiarray", "_reconstruct"): "array",
    ("numpy._core.multiarray", "_reconstruct"): "array",
    ("numpy.core.multiarray", "scalar"): "scalar",
    ("numpy._core.multiarray", "scalar"): "scalar",
    ("numpy", "dtype"): "dtype",
    ("numpy", "ndarray"): "class",
    ("_codecs", "encode"): "bytes",
}
"""What a pickle may name, and what that is here."""


def read_npy(path: Path) -> dict[str, Any] | NDArray[Any]:
    """Read a `.npy` file: a plain numeric array, or a pickled dict of text, numbers and numeric arrays.

    Raises:
        CheckpointError: the file cannot be read, is too large, or holds anything else. Nothing in it is ever run.
    """
    try:
        if existing_file(path).stat().st_size > MAX_BYTES:
            raise CheckpointError(
                f"{path} is larger than {MAX_BYTES // 10**6} MB; expected an emotion file of a few kB"
            )
        return _read(io.BytesIO(path.read_bytes()))
    except MediaError as error:
        raise CheckpointError(str(error)) from None
    except Refused as error:
        raise CheckpointError(
            f"{path} asks for {error}; only dicts and numeric arrays are read, nothing was run"
        ) from None
    except _DAMAGED as error:
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{path} is not a readable .npy file ({type(error).__name__}: {reason})") from None


def _read(file: IO[bytes]) -> dict[str, Any] | NDArray[Any]:
    header = _header(file)
    if header["descr"] == "|O":
        return _flat(_load(file))
    order, code = _text(header["descr"])[:1], header["descr"][1:]
    return _array(header["shape"], _Dtype(code, order), header["fortran_order"] is True, file.read())


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


def _flat(value: Any) -> dict[str, Any]:
    """The dict that an array of objects wraps: only arrays, numbers and text in it are let through."""
    found = value.inside if isinstance(value, _Wrapped) else value
    if not isinstance(found, dict):
        raise Refused(f"a {type(found).__name__} where a dict was expected")
    for item in found.values():
        if not isinstance(item, np.ndarray | np.generic | int | float | str):
            raise Refused(f"a {type(item).__name__.strip('_')} in the dict")
    return {_text(key): item for key, item in found.items()}


def _array(shape: Any, dtype: _Dtype, fortran: bool, data: bytes) -> NDArray[Any]:
    """A view: a file may name the same bytes a thousand times."""
    if not isinstance(shape, tuple) or not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError("a shape that is none")
    array = np.frombuffer(data, dtype.numeric(), count=math.prod(shape))
    return array.reshape(shape, order="F" if fortran else "C")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Refused(f"a {type(value).__name__} where text was expected")
    return value


# ---- the steps of a pickle


def _load(file: IO[bytes]) -> Any:
    """What a pickle describes."""
    machine = _Machine([], {})
    for number, (step, given, _) in enumerate(pickletools.genops(file)):
        if number >= MAX_STEPS:
            raise Refused(f"more than {MAX_STEPS} steps")
        if step.name == "STOP":
            return machine.stack.pop()
        machine.follow(step.name, given)
    raise ValueError("no end")


@dataclass(frozen=True)
class _Machine:
    """Where a pickle has come to.

    Attributes:
        stack: values that are not yet in their place.
        memo: values that are used again, by number.
    """

    stack: list[Any]
    memo: dict[int, Any]

    def follow(self, name: str, given: Any) -> None:
        """Follow one step."""
        if name in PUSHED:
            self.stack.append(PUSHED[name](given))
        elif name in STEPS:
            STEPS[name](self, given)
        else:
            raise Refused(f"the step {name}")

    def marked(self) -> list[Any]:
        """All values since the last mark."""
        values: list[Any] = []
        while (value := self.stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]

    def last(self, count: int) -> list[Any]:
        """The last few values."""
        return [self.stack.pop() for _ in range(count)][::-1]

    def name(self, module: Any, name: Any) -> None:
        """Name something of numpy's."""
        known = GLOBALS.get((_text(module), _text(name)))
        if known is None:
            raise Refused(repr(f"{module}.{name}"[:80]))
        self.stack.append(_Global(known))

    def call(self) -> None:
        """Make what a name and its arguments stand for."""
        what, arguments = self.last(2)
        if not isinstance(what, _Global) or what.name not in MADE or not isinstance(arguments, tuple):
            raise Refused("a call")
        self.stack.append(MADE[what.name](*arguments))

    def fill(self) -> None:
        """Give an array or a dtype its content; the memo knows it by the same number as before."""
        target, state = self.last(2)
        filled = _filled(target, state)
        self.memo.update({number: filled for number, value in self.memo.items() if value is target})
        self.stack.append(filled)

    def add(self, pairs: list[Any]) -> None:
        """Put keys and values into the dict below them."""
        target = self.stack[-1]
        if not isinstance(target, dict) or len(pairs) % 2:
            raise Refused("items of what is no dict")
        target.update(zip(map(_text, pairs[::2]), pairs[1::2], strict=True))

    def append(self, values: list[Any]) -> None:
        """Put values into the list below them."""
        target = self.stack[-1]
        if not isinstance(target, list):
            raise Refused("entries of what is no list")
        target.extend(values)

    def remember(self, number: int) -> None:
        """Keep the last value by a number."""
        self.memo[number] = self.stack[-1]


def _filled(target: Any, state: Any) -> Any:
    if isinstance(target, _Dtype):
        return _Dtype(target.code, _text(state[1]))
    if not isinstance(target, _Empty):
        raise Refused("a change of what is no array")
    _, shape, dtype, fortran, data = state
    if not isinstance(dtype, _Dtype):
        raise Refused("an array without a type")
    if dtype.code == "O8" and shape == () and isinstance(data, list) and len(data) == 1:
        return _Wrapped(data[0])
    return _array(shape, dtype, bool(fortran), data)


def _scalar(dtype: _Dtype, data: bytes) -> Any:
    return np.frombuffer(data, dtype.numeric())[0]


def _latin1(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise Refused("an encoding")
    return text.encode("latin1")


MADE: dict[str, Callable[..., Any]] = {
    "array": lambda _kind, _shape, _code: _Empty(),
    "scalar": _scalar,
    "dtype": lambda code, *_flags: _Dtype(_text(code)),
    "bytes": _latin1,
}
"""What is made by a call, by the name of `GLOBALS`."""

PUSHED: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "FLOAT", "BINFLOAT"), lambda given: given),
    **dict.fromkeys(("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"), lambda given: given),
    **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"), lambda given: given),
    "NONE": lambda _: None,
    "NEWTRUE": lambda _: True,
    "NEWFALSE": lambda _: False,
    "EMPTY_DICT": lambda _: {},
    "EMPTY_LIST": lambda _: [],
    "EMPTY_TUPLE": lambda _: (),
    "MARK": lambda _: _MARK,
}
"""Steps that only give a value."""

STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda machine, given: None,
    "FRAME": lambda machine, given: None,
    "POP": lambda machine, given: machine.stack.pop(),
    "TUPLE": lambda machine, given: machine.stack.append(tuple(machine.marked())),
    "TUPLE1": lambda machine, given: machine.stack.append(tuple(machine.last(1))),
    "TUPLE2": lambda machine, given: machine.stack.append(tuple(machine.last(2))),
    "TUPLE3": lambda machine, given: machine.stack.append(tuple(machine.last(3))),
    "LIST": lambda machine, given: machine.stack.append(machine.marked()),
    "DICT": lambda machine, given: _dict(machine),
    "APPEND": lambda machine, given: machine.append(machine.last(1)),
    "APPENDS": lambda machine, given: machine.append(machine.marked()),
    "SETITEM": lambda machine, given: machine.add(machine.last(2)),
    "SETITEMS": lambda machine, given: machine.add(machine.marked()),
    "GLOBAL": lambda machine, given: machine.name(*given.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, given: machine.name(*machine.last(2)),
    "REDUCE": lambda machine, given: machine.call(),
    "BUILD": lambda machine, given: machine.fill(),
    "MEMOIZE": lambda machine, given: machine.remember(len(machine.memo)),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), lambda machine, given: machine.remember(given)),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda machine, given: machine.stack.append(machine.memo[given])),
}
"""Steps that do something, by their names in `pickletools`."""


def _dict(machine: _Machine) -> None:
    pairs = machine.marked()
    machine.stack.append({})
    machine.add(pairs)
