"""Where emotions lie by their vectors."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from places import SHARED
from safetensors.numpy import load_file

from dicetalk.emotion.wheel import BASIC, DYADS, pad, pad_left_out, wheel

GOLDEN = SHARED / "golden" / "relatives" / "wheel_pad.json"
VECTORS = SHARED / "data" / "relatives" / "emotion_vectors"
needs_golden = pytest.mark.skipif(not GOLDEN.is_file(), reason="the golden data (../shared/golden) is not here")


def made(seed: int = 0) -> dict[str, np.ndarray]:
    draws = np.random.default_rng(seed)
    return {name: draws.normal(size=32) for name in (*BASIC, "grateful", "furious")}


def test_a_blend_lies_where_it_was_blended() -> None:
    vectors = made()
    vectors["grateful"] = 0.3 * vectors["joyful"] + 0.7 * vectors["afraid"]
    place = wheel(vectors)["grateful"]
    assert (place.first, place.second, place.dyad, place.share) == ("joyful", "afraid", DYADS[1], 0.7)
    assert place.cosine == pytest.approx(1)
    assert place.angle == pytest.approx(1.4)


def test_a_dyad_goes_over_the_top_of_the_wheel() -> None:
    vectors = made()
    vectors["furious"] = 0.9 * vectors["anticipating"] + 0.1 * vectors["joyful"]
    place = wheel(vectors)["furious"]
    assert (place.first, place.second) == ("anticipating", "joyful")
    assert place.angle == pytest.approx(7.1)


def test_the_length_of_a_vector_does_not_matter() -> None:
    vectors = made(1)
    longer = {name: vector * (5 if name == "grateful" else 1) for name, vector in vectors.items()}
    assert wheel(vectors)["grateful"].share == wheel(longer)["grateful"].share


def test_what_is_known_and_linear_is_told_of_the_others() -> None:
    vectors, plane = made(2), np.random.default_rng(3).normal(size=(32, 3)) / 20
    places = {name: tuple(vector @ plane) for name, vector in vectors.items()}
    told = pad(vectors, {name: places[name] for name in BASIC}, ridge=1e-6)
    assert np.allclose([told[name] for name in BASIC], [places[name] for name in BASIC], atol=1e-5)


@needs_golden
def test_the_published_wheel() -> None:
    found = wheel(published())
    for row in json.loads(GOLDEN.read_text())["mean"]["wheel"]:
        place = found[row["emotion"]]
        told = (place.first, place.second, place.dyad, place.share)
        assert told == (row["first"], row["second"], row["dyad"], row["weight_second"])
        assert place.cosine == pytest.approx(row["cosine"], abs=1e-6)


@needs_golden
@pytest.mark.parametrize("ridge", [10.0, 1.0])
def test_the_published_pad(ridge: float) -> None:
    golden, vectors = json.loads(GOLDEN.read_text())["mean"]["pad"][str(ridge)], published()
    with (VECTORS / "pad.csv").open() as file:
        known = {row["emotion"]: [float(row[axis]) for axis in ("pleasure", "arousal", "dominance")]
                 for row in csv.DictReader(file)}  # fmt: skip
    for found, expected in (
        (pad(vectors, known, ridge), golden["all_32"]),
        (pad_left_out(vectors, known, ridge), golden["leave_one_out"]),
    ):
        assert found.keys() == expected.keys()
        for name, place in found.items():
            assert place == pytest.approx(expected[name], abs=1e-6)


def published() -> dict[str, np.ndarray]:
    names = json.loads((VECTORS / "names.json").read_text())["emotions"]
    return dict(zip(names, load_file(VECTORS / "vectors.safetensors")["runs"].mean(axis=0), strict=True))
