"""Words for a reading: true, plain, with times, and never a name that is not sure."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from dicetalk.emotion.vocabulary import NAMES
from dicetalk.reading.caption import ADJECTIVES, LONGEST_ALT, alt_text, as_json, caption, write_captions
from dicetalk.reading.reading import Move, Reading, Window, Windows
from dicetalk.reading.stretches import LEAST_CONFIDENCE, SHORTEST, UNSURE, stretches


def window(start: float, end: float, name: str, confidence: float = 0.9, strength: float = 0.6) -> Window:
    weights = tuple(0.86 if each == name else 0.02 for each in NAMES)
    return Window(start, end, weights, strength, 0.8, confidence)


def reading(*told: tuple[float, str, float], moves: tuple[tuple[Move, ...], ...] = ()) -> Reading:
    """Windows by length, name and confidence."""
    ends = np.cumsum([length for length, *_ in told]).tolist()
    windows = tuple(window(end - length, end, name, sure) for end, (length, name, sure) in zip(ends, told, strict=True))
    return Reading(ends[-1], windows, face=windows, moves=moves)


def drawn(seed: int) -> Reading:
    """Windows by chance."""
    random = np.random.default_rng(seed)
    ends = np.cumsum(random.uniform(0.3, 2.5, random.integers(1, 14))).tolist()
    shares = random.dirichlet(np.full(8, 0.3), len(ends))
    windows = tuple(
        Window(start, end, tuple(row), *random.random(3).tolist())
        for start, end, row in zip([0.0, *ends[:-1]], ends, shares.tolist(), strict=True)
    )
    return Reading(ends[-1], windows, face=windows)


def test_says_what_and_when() -> None:
    brows = (Move("raised brows", 0.8),)
    told = reading((4, "neutral", 0.9), (2, "angry", 0.9), (2, "angry", 0.9), moves=((), brows, brows))
    assert caption(told) == "Calm at first, angry from second 4 with raised brows."
    assert alt_text(told) == "A face that looks calm at first, then angry."


def test_what_lasts_is_said_to_last() -> None:
    assert caption(reading((3, "happy", 0.9), (3, "happy", 0.9))) == "Happy throughout."
    assert caption(reading((1, "happy", 0.9))) == "Happy."  # a photo has no throughout


def test_what_comes_back_comes_again() -> None:
    told = reading((3, "sad", 0.9), (3, "happy", 0.6), (70, "sad", 0.9), (3, "neutral", 0.9))
    assert caption(told) == "Sad at first, probably happy from second 3, sad again from second 6, calm from 1 minute 16 seconds."  # noqa: E501  # fmt: skip


def test_many_changes_are_summed_up() -> None:
    told = reading(*[(9, "angry", 0.9), (2, "sad", 0.9)] * 4, (3, "fear", 0.2))
    assert caption(told) == "8 changes in 47 seconds, mostly angry, also sad and hard to tell."
    assert alt_text(told) == "A face that looks angry and sad in turn."
    even = reading(*[(3, name, 0.9) for name in NAMES])
    assert caption(even) == "7 changes in 24 seconds, in turn calm, angry, scornful and disgusted."


def test_how_strong_and_how_sure() -> None:
    for strength, words in ((0.2, "slightly angry"), (0.5, "angry"), (0.9, "very angry")):
        windows = (window(0, 3, "angry", 0.9, strength),)
        assert caption(Reading(3.0, windows)) == f"{words} throughout.".capitalize()
    assert caption(reading((3, "angry", 0.55))) == "Probably angry throughout."
    assert caption(Reading(3.0, (window(0, 3, "neutral", 0.9, 0.1),))) == "Calm throughout."


def test_what_is_not_sure_is_hard_to_tell() -> None:
    smile = (Move("a smile", 0.9),)
    told = reading((3, "contempt", LEAST_CONFIDENCE - 0.01), moves=(smile,))
    assert caption(told) == "Hard to tell what is felt, with a smile."
    assert alt_text(told) == "A face, what it feels is hard to tell."
    part = reading((3, "contempt", 0.2), (3, "happy", 0.9))
    assert caption(part) == "Hard to tell at first, happy from second 3."
    assert alt_text(part) == "A face that looks happy in part."


def test_face_and_voice_that_disagree_are_both_told() -> None:
    both = (window(0, 3, "happy"),)
    told = Reading(3.0, both, face=both, voice=(window(0, 3, "sad"),))
    assert caption(told) == "Happy throughout. The face looks happy, the voice sounds sad."
    assert alt_text(told) == "A talking face that looks happy."
    assert alt_text(Reading(3.0, both, voice=both)) == "A voice that sounds happy."


@pytest.mark.parametrize("seed", range(60))
def test_holds_of_any_reading(seed: int) -> None:
    told = drawn(seed)
    found = stretches(told)
    assert found[0].start == 0 and found[-1].end == told.seconds
    for one, other in pairwise(found):
        assert one.end == other.start and one.name != other.name
        assert min(one.seconds, other.seconds) >= SHORTEST
    sure = {name for w in told.windows if w.confidence >= LEAST_CONFIDENCE for name in [w.name]}
    said = caption(told) + alt_text(told) + "".join(map(str, as_json(told)["stretches"]))
    for name in set(NAMES) - sure:
        assert ADJECTIVES[name] not in said.lower(), name
    assert all(stretch.name in sure | {UNSURE} for stretch in found)
    assert len(alt_text(told)) <= LONGEST_ALT and len(caption(told)) <= 400
    assert caption(told) == caption(told) and not set(caption(told)) & set(";:()[]{}<>%/*_")


def test_windows_cut_finer_say_the_same() -> None:
    told = reading((4, "neutral", 0.9), (2, "angry", 0.8), (4, "sad", 0.3))

    def halves(windows: Windows) -> Windows:
        middles = [((w.start + w.end) / 2, w) for w in windows]
        parts = [(window(w.start, m, w.name, w.confidence), window(m, w.end, w.name, w.confidence)) for m, w in middles]
        return tuple(part for pair in parts for part in pair)

    assert caption(Reading(told.seconds, halves(told.windows))) == caption(told)


def test_webvtt_has_a_cue_a_stretch(tmp_path: Path) -> None:
    told = reading((4, "neutral", 0.9), (2, "angry", 0.9), (3700, "sad", 0.3))
    write_captions(tmp_path / "out.vtt", told)
    assert (tmp_path / "out.vtt").read_text("utf-8") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:04.000\nCalm\n\n00:00:04.000 --> 00:00:06.000\nAngry\n\n"
        "00:00:06.000 --> 01:01:46.000\nHard to tell\n"
    )
    with av.open(tmp_path / "out.vtt") as file:  # FFmpeg, as players have it
        assert [bytes(packet).decode() for packet in file.demux() if packet.size] == ["Calm", "Angry", "Hard to tell"]


def test_json_tells_all_of_it() -> None:
    told = as_json(reading((4, "neutral", 0.9), (2, "angry", 0.4)))
    assert told["caption"].startswith("Calm at first")
    assert [each["name"] for each in told["stretches"]] == ["neutral", None]
    assert told["stretches"][1] == {
        "start": 4.0,
        "end": 6.0,
        "strength": 0.6,
        "confidence": 0.0,
        "name": None,
        "words": "Hard to tell",
        "moves": [],
    }
