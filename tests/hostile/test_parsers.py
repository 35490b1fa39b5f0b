"""Whatever stands in a text or a file that is parsed: it is understood, or refused in one line by an error of ours."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile.wishes import row, table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recordings import damaged
from safetensors.numpy import save

from dicetalk.batch.columns import columns
from dicetalk.batch.manifest import read_manifest
from dicetalk.checkpoints import open_checkpoint
from dicetalk.diffusion.checkpoint import SHIPPED, read_model
from dicetalk.emotion.own import read_own
from dicetalk.emotion.priors import read_priors
from dicetalk.emotion.timeline_file import read_timeline
from dicetalk.errors import DiceTalkError
from dicetalk.jobs import VALUES, Job
from dicetalk.making import check
from dicetalk.motion.live_link import read_csv
from dicetalk.official.npy import read_npy
from dicetalk.server.request import FIELDS, Asked, check_fields, job_of, read_form, read_json
from dicetalk.sources.scheme import source_of

HERE = Path(__file__).parent
pytestmark = pytest.mark.timeout(300)
quick = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["happy", "0.5", "", "/", "..", "a.json", "x.safetensors:a", "like:", "auto:3", "1:left:sad", "\0"]
    )
)
JSONS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def refused(read: Callable[[], object]) -> None:
    """Understood, or refused in one short line."""
    try:
        read()
    except DiceTalkError as error:
        assert "\n" not in str(error) and len(str(error)) < 900, str(error)


# ---- texts

TOKENS = st.sampled_from(
    [
        "happy",
        "sad",
        ":",
        ",",
        "0.5",
        "1",
        "nan",
        "-",
        "like",
        "auto",
        ".json",
        ".safetensors",
        "/",
        "~",
        " ",
        "\0",
        "\n",
        "%s",
    ]
)


@quick
@given(st.lists(TOKENS, max_size=8).map("".join) | st.binary(max_size=20).map(os.fsdecode))
def test_emotions(text: str) -> None:
    refused(lambda: source_of(text))


KEYS = st.fixed_dictionaries(
    {}, optional={"time": SCALARS, "emotion": JSONS, "confidence": SCALARS, "why": SCALARS, "x": SCALARS}
)
GOOD_KEYS = st.fixed_dictionaries({"time": st.floats(0, 9), "emotion": st.sampled_from(["happy", "sad:0.5"])})


@quick
@given(
    st.fixed_dictionaries({"keys": st.lists(KEYS | GOOD_KEYS, max_size=4)}, optional={"fade": JSONS, "lacks": JSONS})
)
def test_timelines(tmp_path: Path, told: Any) -> None:
    (tmp_path / "mood.json").write_text(json.dumps(told))
    refused(lambda: read_timeline(tmp_path / "mood.json"))


@quick
@given(st.integers(0, 2**31), st.integers(1, 6))
def test_timelines_that_are_damaged(tmp_path: Path, seed: int, changes: int) -> None:
    good = json.dumps({"keys": [{"time": 0, "emotion": "happy"}, {"time": 1, "emotion": {"sad": 0.5}}], "fade": 0.5})
    (tmp_path / "mood.json").write_bytes(damaged(good.encode(), seed, changes))
    refused(lambda: read_timeline(tmp_path / "mood.json"))


MANIFESTS = {
    ".csv": b"portrait,speech,seed,crop,speaker\na.png,b.wav,3,yes,1:left:happy\n",
    ".tsv": b"portrait\tspeech\tsize\temotion\na.png\tb.wav\t512\thappy:0.5\n",
    ".jsonl": b'{"portrait": "a.png", "speech": "b.wav", "seed": 1}\n{"portrait": "c.png", "idle": 2, "crop": true}\n',
}


@quick
@given(st.sampled_from(sorted(MANIFESTS)), st.integers(0, 2**31), st.integers(0, 9), st.binary(max_size=30))
def test_manifests(tmp_path: Path, suffix: str, seed: int, changes: int, more: bytes) -> None:
    path = tmp_path / f"jobs{suffix}"
    path.write_bytes(damaged(MANIFESTS[suffix], seed, changes) + more)
    refused(lambda: read_manifest(path))


@quick
@given(st.integers(0, 2**31), st.integers(1, 9))
def test_curves(tmp_path: Path, seed: int, changes: int) -> None:
    (tmp_path / "curves.csv").write_bytes(damaged(table(row(0), row(1)), seed, changes))
    refused(lambda: read_csv(tmp_path / "curves.csv"))


# ---- settings

FIELD_NAMES = st.sampled_from([*VALUES, "x"])


@quick
@given(st.dictionaries(FIELD_NAMES, JSONS, max_size=4))
def test_jobs(tmp_path: Path, hopper: Path, speech: Path, told: dict[str, Any]) -> None:
    good = {"portrait": str(hopper), "speech": str(speech), "output": str(tmp_path / "a.mp4")}
    told = {name: value for name, value in told.items() if name not in ("motion_out", "preview", "output")}
    refused(lambda: check(Job.from_json({**good, **told})))
    assert not list(tmp_path.iterdir())


@quick
@given(JSONS)
def test_jobs_that_are_no_objects(told: Any) -> None:
    refused(lambda: Job.from_json(told))


@quick
@given(st.dictionaries(st.sampled_from([*FIELDS, "x"]), JSONS, max_size=4))
def test_requests(tmp_path: Path, hopper: Path, speech: Path, told: dict[str, Any]) -> None:
    def read() -> None:
        request = read_json(json.dumps(told))
        check_fields(request, tuple(FIELDS))
        job_of(Asked(request, {}, {"portrait": hopper, "speech": speech}), tmp_path)

    told = {name: value for name, value in told.items() if value is not None}
    refused(read)


@quick
@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_requests_of_any_bytes(content: bytes) -> None:
    refused(lambda: read_json(content))


@quick
@given(st.lists(st.tuples(st.sampled_from([*FIELDS, "x"]), st.text(max_size=20) | st.just("9" * 5000)), max_size=4))
def test_forms(form: list[tuple[str, str]]) -> None:
    refused(lambda: check_fields(read_form(form), tuple(FIELDS)))


def test_every_column_of_a_manifest_is_a_field() -> None:
    assert {"portrait", "speech", "emotion"} <= set(columns())


# ---- weights

ENTRIES = st.dictionaries(
    st.sampled_from(["a.mean", "a.std", "__metadata__", "", "a\0.mean"]),
    st.fixed_dictionaries(
        {},
        optional={
            "dtype": st.sampled_from(["F32", "F64", "F16", "I8", "BOOL", "X", ""]) | SCALARS,
            "shape": st.lists(st.integers(-2, 2**70), max_size=3) | SCALARS,
            "data_offsets": st.lists(st.integers(-2, 2**70), max_size=3) | SCALARS,
        },
    )
    | JSONS,
    max_size=4,
)


def packed(head: bytes, length: int | None, data: bytes) -> bytes:
    return struct.pack("<Q", len(head) if length is None else length) + head + data


GOOD = save({"a.mean": np.zeros(256, np.float32), "a.std": np.ones(256, np.float32)})
FILES = (
    st.binary(max_size=60)
    | st.builds(
        packed,
        ENTRIES.map(lambda told: json.dumps(told).encode()) | st.binary(max_size=30),
        st.none() | st.integers(0, 2**64 - 1),
        st.binary(max_size=64),
    )
    | st.builds(damaged, st.just(GOOD), st.integers(0, 2**31), st.integers(1, 5))
    | st.integers(0, len(GOOD)).map(lambda size: GOOD[:size])
)


@quick
@given(FILES)
def test_own_emotions(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.safetensors").write_bytes(content)
    refused(lambda: read_priors(tmp_path / "mine.safetensors"))
    refused(lambda: read_own(tmp_path / "mine.safetensors"))
    refused(lambda: source_of(f"{tmp_path}/mine.safetensors:a:0.5"))


@quick
@given(FILES)
def test_modules(tmp_path: Path, content: bytes) -> None:
    modules = pytest.importorskip("dicetalk.modules")
    (tmp_path / "net.safetensors").write_bytes(content)
    refused(lambda: modules.read_tensors(tmp_path / "net.safetensors"))


@quick
@given(st.binary(max_size=60) | JSONS.map(lambda told: json.dumps(told).encode()))
def test_checkpoints(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_bytes(content)
    refused(lambda: open_checkpoint(tmp_path, "motion", 1))
    refused(lambda: source_of(f"{tmp_path}/config.json"))


@settings(quick, max_examples=60)
@given(st.data())
def test_a_model_whose_settings_are_changed(tmp_path: Path, data: st.DataObject) -> None:
    """The shipped model with one value of its settings, however deep, replaced by anything."""
    told = json.loads((SHIPPED / "config.json").read_text())
    place: Any = told
    name = data.draw(st.sampled_from(sorted(set(told) - {"kind", "version"})))
    while isinstance(place[name], dict) and place[name] and data.draw(st.booleans()):
        place, name = place[name], data.draw(st.sampled_from(sorted(place[name])))
    before, place[name] = place[name], data.draw(JSONS.filter(lambda value: value != place[name]))
    if before != place[name]:
        for path in SHIPPED.iterdir():
            if path.name != "config.json" and not (tmp_path / path.name).exists() and path.suffix == ".safetensors":
                (tmp_path / path.name).symlink_to(path)
        (tmp_path / "config.json").write_text(json.dumps(told))
        refused(lambda: read_model(tmp_path))  # there are no graphs: what is understood ends there


@quick
@given(st.sampled_from(["laughs.npy", "bigmemo.npy", "deepdict.npy"]), st.integers(0, 2**31), st.integers(0, 5))
def test_releases(tmp_path: Path, name: str, seed: int, changes: int) -> None:
    (tmp_path / name).write_bytes(damaged((HERE / name).read_bytes(), seed, changes))
    refused(lambda: read_npy(tmp_path / name))
