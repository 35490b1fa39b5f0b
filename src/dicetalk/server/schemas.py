"""What requests and answers look like, for openapi.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dicetalk.server.problems import MEDIA_TYPE
from dicetalk.server.queue import STATUSES
from dicetalk.server.request import FIELDS

TEXT, WHOLE, NUMBER, TRUTH = ({"type": name} for name in ("string", "integer", "number", "boolean"))
OBJECT: dict[str, Any] = {"type": "object"}


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"oneOf": [schema, {"type": "null"}]}


def _object(**fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields)}


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


PROBLEM = {
    "type": "object",
    "properties": {"type": TEXT, "title": TEXT, "status": WHOLE, "detail": TEXT, "kind": TEXT, "field": TEXT,
                   "faces": _list(_list(WHOLE))},
    "required": ["type", "title", "status", "detail"],
}  # fmt: skip
UPLOAD = _object(
    id=TEXT, kind=TEXT, bytes=WHOLE, width=_or_null(WHOLE), height=_or_null(WHOLE), seconds=_or_null(NUMBER)
)
PROGRESS = _object(work=TEXT, done=WHOLE, total=WHOLE, things=TEXT, share=_or_null(NUMBER), left_s=_or_null(NUMBER))
STATUS = {**TEXT, "enum": list(STATUSES)}
ACCEPTED = _object(id=TEXT, status=STATUS)
JOB = _object(
    id=TEXT,
    status=STATUS,
    created=NUMBER,
    started=_or_null(NUMBER),
    ended=_or_null(NUMBER),
    expires=_or_null(NUMBER),
    place=_or_null(WHOLE),
    progress=_or_null(PROGRESS),
    request=OBJECT,
    consent=_or_null(TEXT),
    result=_or_null(OBJECT),
    error=_or_null(OBJECT),
    links=_object(self=TEXT, content=TEXT, motion=_or_null(TEXT), words=_or_null(TEXT), credentials=_or_null(TEXT)),
)
JOBS = _object(videos=_list(JOB), queued=WHOLE, running=WHOLE)
FACE = _object(number=WHOLE, box=_list(WHOLE), usable=TRUTH, problem=_or_null(TEXT), warnings=_list(TEXT))
FACES = _object(width=WHOLE, height=WHOLE, faces=_list(FACE), warnings=_list(TEXT))
EMOTION = _object(name=TEXT, valence=NUMBER, arousal=NUMBER, aliases=_list(TEXT))
EMOTIONS = _object(names=_list(EMOTION), strength=NUMBER, schemes=_list(TEXT))
COST = _object(preset=TEXT, memory=TEXT, petaflop=NUMBER, peak_gb=NUMBER, predicted_s=NUMBER, fits=TRUTH,
               gpu_peak_gb=NUMBER)  # fmt: skip
FORECAST = _object(
    backbone=TEXT,
    problem=_or_null(TEXT),
    forecast=_or_null(
        _object(device=TEXT, precision=TEXT, free_gb=NUMBER, seconds=NUMBER, costs=_list(COST), advice=TEXT)
    ),
)
HEALTH = _object(status=TEXT, version=TEXT, workers=WHOLE, queued=WHOLE, running=WHOLE)


BYTES = {"application/octet-stream": {"schema": {**TEXT, "format": "binary"}}}
TAKES_A_FILE: dict[str, Any] = {"requestBody": {"required": True, "content": BYTES}}


def takes(names: Sequence[str], required: Sequence[str]) -> dict[str, Any]:
    """The body of a request of some fields, as a form or as JSON."""
    told = {name: {**FIELDS[name].schema, "description": FIELDS[name].says} for name in names}
    parts = {
        name: {"oneOf": [{**TEXT, "format": "binary"}, told[name]]} if FIELDS[name].files else told[name]
        for name in names
    }
    fixed = {"type": "object", "required": list(required), "additionalProperties": False}
    content = {
        "multipart/form-data": {"schema": {**fixed, "properties": parts}},
        "application/json": {"schema": {**fixed, "properties": told}},
    }
    return {"requestBody": {"required": True, "content": content}}


def gives(status: int, schema: Mapping[str, Any], *problems: int) -> dict[int | str, dict[str, Any]]:
    """The answers of a route: its own in JSON, and problems."""
    own: dict[int | str, dict[str, Any]] = {
        status: {"description": "as asked", "content": {"application/json": {"schema": dict(schema)}}}
    }
    return own | failing(*problems)


def failing(*problems: int) -> dict[int | str, dict[str, Any]]:
    """Answers that are problems."""
    told = {"description": "a problem (RFC 9457)", "content": {MEDIA_TYPE: {"schema": PROBLEM}}}
    return dict.fromkeys(problems, told)
