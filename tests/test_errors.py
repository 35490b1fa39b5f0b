"""What is raised on purpose: one family, a record for each, and what to do about what is not installed."""

from __future__ import annotations

import json

import pytest

from dicetalk import errors
from dicetalk.errors import (
    CheckpointError,
    ConfigError,
    DiceTalkError,
    EmotionError,
    InputError,
    MediaError,
    MissingExtraError,
    NoFaceError,
    TooLargeError,
    about,
    missing_library,
    require,
)


def test_all_are_of_one_family() -> None:
    raised = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert all(issubclass(kind, DiceTalkError) for kind in raised) and len(raised) == 9
    assert all(issubclass(kind, InputError) for kind in (MediaError, NoFaceError, EmotionError))
    assert issubclass(TooLargeError, MediaError)
    assert not any(issubclass(kind, InputError) for kind in (ConfigError, CheckpointError, MissingExtraError))


def test_the_tree_that_is_drawn_names_all() -> None:
    assert errors.__doc__
    kinds = (CheckpointError, ConfigError, EmotionError, InputError, MediaError, MissingExtraError, NoFaceError)
    for kind in (*kinds, TooLargeError):
        assert f"─ {kind.__name__}" in errors.__doc__


def test_records() -> None:
    assert MediaError("a.png is gone").to_json() == {"error": "a.png is gone", "kind": "MediaError"}
    told = NoFaceError("two faces", [(1, 2, 3, 4), (5, 6, 7, 8)]).to_json()
    assert told == {"error": "two faces", "kind": "NoFaceError", "faces": [[1, 2, 3, 4], [5, 6, 7, 8]]}
    assert json.loads(json.dumps(told)) == told
    assert NoFaceError("none").to_json()["faces"] == []


def test_the_innermost_field_is_what_an_error_is_about() -> None:
    with pytest.raises(InputError) as caught, about("options"), about("seed"):
        raise InputError("the seed is -1")
    assert caught.value.field == "seed" and InputError("several").field is None


def test_a_package_that_is_needed() -> None:
    require("numpy", "svd")
    with pytest.raises(MissingExtraError, match=r"^no_such_package is not installed; run: pip install -e '\.\[svd\]'"):
        require("no_such_package", "svd")


@pytest.mark.parametrize(
    ("message", "library"),
    [
        ("libGL.so.1: cannot open shared object file: No such file or directory", "libGL.so.1"),
        ("/usr/lib/x.so: undefined symbol; needs libstdc++.so.6", "libstdc++.so.6"),
        ("No module named 'cv2'", None),
        ("", None),
    ],
)
def test_a_system_library_that_is_missing(message: str, library: str | None) -> None:
    says = missing_library(ImportError(message))
    if library is None:
        assert says is None
    else:
        assert says is not None and f" {library} is missing" in says and "install the system package" in says


def test_a_message_is_one_line_whatever_name_it_holds() -> None:
    error = NoFaceError("a\nb.png\r\nis no\u2028picture")
    assert str(error) == error.to_json()["error"] == "a b.png is no picture"
