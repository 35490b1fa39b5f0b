"""What went wrong, as RFC 9457 tells it: `application/problem+json`."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi.responses import JSONResponse

from dicetalk.errors import DiceTalkError

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818 (the word of the standard)
    """A request that cannot be met.

    Attributes:
        status: of the answer.
        record: of the answer: detail, kind, field.
        headers: of the answer.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.record, self.headers = status, {"detail": detail, **more}, headers

    def response(self) -> JSONResponse:
        """The answer."""
        told = {"type": "about:blank", "title": HTTPStatus(self.status).phrase, "status": self.status, **self.record}
        return JSONResponse(told, self.status, self.headers, MEDIA_TYPE)


def unusable(error: DiceTalkError, names: Mapping[Path, str], field: str | None = None) -> Problem:
    """What the library refuses, in words of the request.

    Args:
        error: what it says.
        names: of fields, by the files that were sent in them.
        field: that it is about, where that is known.
    """
    record = renamed(error.to_json(), names)
    more: dict[str, Any] = {"field": field} if field is not None else {}
    return Problem(422, record.pop("error"), **record, **more)


def field_of(error: DiceTalkError, request: Mapping[str, Any]) -> str | None:
    """The field of a request that an error is about; None where neither it nor its kind tells.

    Args:
        error: of the job.
        request: its fields, as they were told.
    """
    field = error.field or {"EmotionError": "emotion", "NoFaceError": "portrait"}.get(type(error).__name__)
    if field == "text" and "text" not in request:
        return "emotion"  # which told the words: `text:` and what is said
    return field


def renamed(told: Any, names: Mapping[Path, str]) -> Any:
    """A record in which our files have the names of the fields in which they were sent."""
    if isinstance(told, str):
        for path, name in names.items():
            told = told.replace(str(path), name)
        return told
    if isinstance(told, Mapping):
        return {key: renamed(value, names) for key, value in told.items()}
    return [renamed(value, names) for value in told] if isinstance(told, list) else told
