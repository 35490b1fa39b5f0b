"""What somebody gives in Python, checked before it is used."""

from __future__ import annotations

import json
import operator
from numbers import Real

from dicetalk.errors import InputError


def brief(value: object) -> str:
    """A value in a few words and one line: an array would fill the screen."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def short(value: object) -> str:
    """The same, and its type."""
    return f"{brief(value)} ({type(value).__name__})"


def whole_number(value: object, what: str, sense: str) -> int:
    """A whole number, NumPy's too.

    Args:
        value: what was given.
        what: it is called.
        sense: what to use.

    Raises:
        InputError: it is none.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise InputError(f"{what} is {short(value)}; use {sense}")
    try:
        return operator.index(value)
    except TypeError:  # an array of several
        raise InputError(f"{what} is {short(value)}; use {sense}") from None


def truth(value: object, what: str) -> bool:
    """True or False, NumPy's too.

    Raises:
        InputError: it is neither.
    """
    if type(value).__name__ not in ("bool", "bool_"):
        raise InputError(f"{what} is {short(value)}; use True or False")
    return bool(value)


def function(value: object, what: str) -> None:
    """Refuse what cannot be called; None is no function and none is needed.

    Raises:
        InputError: it is something else.
    """
    if value is not None and not callable(value):
        raise InputError(f"{what} is {short(value)}; use a function, or None")


def is_number(value: object) -> bool:
    """Whether it is a real number, of Python or of NumPy; true and false are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def check_writable(told: object) -> None:
    """Refuse texts that JSON can escape and no file or answer can hold: halves of a character (lone surrogates).

    Raises:
        InputError: there is one, in a text or a name, however deep it lies.
    """
    try:
        json.dumps(told, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError("a text holds half a character (a lone surrogate); write it as UTF-8") from None
