"""Forms of any bytes: each is read, or refused in one clear line; nothing is left behind."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from bare_server import Asking, asking
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dicetalk.server.problems import MEDIA_TYPE
from dicetalk.server.queue import Upload

BOUNDARY = "BoundarY"


@dataclass
class Kept:
    """Stands for the files of a server: takes everything for a picture."""

    taken: dict[str, Upload] = field(default_factory=dict)

    async def take(self, portions: AsyncIterator[bytes], name: str) -> Upload:
        content = b"".join([portion async for portion in portions])
        upload = Upload(hashlib.sha256(content).hexdigest(), "picture", "", {"bytes": len(content)})
        self.taken[upload.id] = upload
        return upload

    def upload(self, id: str) -> Upload | None:
        return self.taken.get(id)


async def seen(path: Path) -> dict[str, Any]:
    return {"faces": []}


@pytest.fixture(scope="module")
def ask() -> Iterator[Asking]:
    kept, places = Kept(), SimpleNamespace(upload=lambda upload: Path(upload.id))
    with asking(uploads=kept, queue=kept, places=places, studio=SimpleNamespace(faces=seen)) as ask:
        yield ask


def sent(ask: Asking, body: bytes, kind: str) -> httpx.Response:
    return ask("POST", "/v1/faces", content=body, headers={b"content-type": kind.encode("latin-1")})


def form(*parts: tuple[bytes, bytes]) -> bytes:
    """A form of (headers, content)."""
    rows = [b"--%b\r\n%b\r\n\r\n%b\r\n" % (BOUNDARY.encode(), head, content) for head, content in parts]
    return b"".join(rows) + b"--%b--\r\n" % BOUNDARY.encode()


def head(name: str, file: str | None = None) -> bytes:
    told = f'Content-Disposition: form-data; name="{name}"' + ("" if file is None else f'; filename="{file}"')
    return told.encode("utf-8", "surrogateescape")


NAMES = st.sampled_from(["portrait", "emotion", "speech", "", "portrait ", "a" * 300]) | st.text(max_size=20)
HEADS = st.builds(head, NAMES, st.none() | st.text(max_size=20)) | st.binary(max_size=60)
PARTS = st.lists(st.tuples(HEADS, st.binary(max_size=200)), max_size=6)
FORM = f"multipart/form-data; boundary={BOUNDARY}"
KINDS = st.sampled_from(
    [FORM, f'multipart/form-data; boundary="{BOUNDARY}"', "multipart/form-data", "multipart/form-data; boundary=",
     "multipart/form-data; boundary=other", f"multipart/form-data; charset=utf-7; boundary={BOUNDARY}",
     *(f"{FORM}; charset={charset}" for charset in ("undefined", "punycode", "unicode_escape", "none")),
     f"multipart/mixed; boundary={BOUNDARY}", "application/x-www-form-urlencoded", "application/json"]
)  # fmt: skip


@st.composite
def cut(draw: st.DrawFn) -> bytes:
    """A form of which something is missing, comes twice, or is something else."""
    body = form(*draw(PARTS))
    begin = draw(st.integers(0, len(body)))
    end = draw(st.integers(begin, min(begin + 40, len(body))))
    return body[:begin] + draw(st.binary(max_size=20) | st.just(body[begin:end] * 2)) + body[end:]


@settings(deadline=None)
@example(form((head("x\n"), b"1"), (head("x\n"), b"2")), FORM)
@example(form((head("\\ud800"), b"\\ud800")), f"{FORM}; charset=unicode_escape")
@example(form((head("x"), b"1")), f"{FORM}; charset=undefined")
@given(PARTS.map(lambda parts: form(*parts)) | cut() | st.binary(max_size=300), KINDS)
def test_any_form_is_read_or_refused(ask: Asking, body: bytes, kind: str) -> None:
    answer = sent(ask, body, kind)
    assert answer.status_code in (200, 400, 413, 415, 422), answer.text
    if answer.status_code != 200:
        assert answer.headers["content-type"] == MEDIA_TYPE and "\n" not in answer.json()["detail"]


def test_a_form_that_is_right(ask: Asking) -> None:
    assert sent(ask, form((head("portrait", "a.jpg"), b"picture")), FORM).status_code == 200
    assert sent(ask, form((head("portrait", "a.jpg"), b"p")) * 2, FORM).status_code in (200, 400)


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([(head("portrait", "a"), b"x")] * 60, 400),
        ([(head("x" * 10), b"x")] * 200, 400),
        ([(head("portrait"), b"0" * 2_000)], 422),
        ([(head("emotion", "a"), b"x")], 422),
        ([(head("portrait", "a"), b"x" * 200_000)], 413),
    ],
)
def test_too_much_of_a_form(ask: Asking, parts: list[tuple[bytes, bytes]], status: int) -> None:
    assert sent(ask, form(*parts), FORM).status_code == status
