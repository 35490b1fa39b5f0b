"""How voices change with feelings, learned from a corpus of two people who buzz."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from voices_made import PITCH, buzz

from dicetalk.arrays import Float64
from dicetalk.data.clip import Clip
from dicetalk.data.ravdess import EMOTIONS, STRENGTHS, read_ravdess
from dicetalk.errors import InputError
from dicetalk.media.written_sound import write_sound
from dicetalk.training.manners import MannerRecipe, is_calm, learned_from, row_of, train_manners
from dicetalk.voice.manners import ACTED, COLUMNS, MOVED, SCALARS, Manners
from dicetalk.voice.world import RATE, Voice, pitch_of, taken_apart


def clip(emotion: str, strength: float, who: str = "ravdess_01", sentence: str = "01") -> Clip:
    return Clip(
        name=f"{who}-{emotion}-{strength}-{sentence}", corpus="ravdess", identity=who, sound=None, emotion=emotion,
        strength=strength, sentence=sentence,
    )  # fmt: skip


def rows() -> dict[Clip, Float64]:
    """Two people of different voices, who change alike: each emotion by its number and strength."""
    found = {}
    for who, voice in (("ravdess_01", 10.0), ("ravdess_02", -4.0)):
        found[clip("neutral", 0.6, who)] = np.full(COLUMNS, voice)
        for (number, emotion), strength in product(enumerate(MOVED), ACTED[1:]):
            found[clip(emotion, strength, who)] = np.full(COLUMNS, voice + number + strength)
    return found


def test_what_is_learned_is_how_far_they_are_from_themselves() -> None:
    learned = learned_from(rows())
    assert (learned.pairs, learned.people) == (24, 2)
    for number, name in enumerate(MOVED):
        normal = number + 0.6 if name != "sad" else 0.6 * (number + 1.0)  # on the way to what is acted strongly
        assert learned.table[number].mean(axis=1) == pytest.approx([normal, number + 1.0])


def test_what_is_missing_is_named() -> None:
    some = rows()
    with pytest.raises(InputError, match="nobody is fear at 1 in these clips"):
        learned_from({one: row for one, row in some.items() if (one.emotion, one.strength) != ("fear", 1.0)})
    with pytest.raises(InputError, match=r"ravdess_02 says nothing like .* without feeling"):
        learned_from({one: row for one, row in some.items() if one != clip("neutral", 0.6, "ravdess_02")})


def row(samples: Float64) -> dict[str, float]:
    found = row_of(taken_apart(samples, pitch_of(samples)))
    return dict(zip(SCALARS, found.tolist(), strict=False)) | {"level": float(found[len(SCALARS) :][:5].mean())}


def test_a_row_says_what_a_voice_is_like() -> None:
    plain, higher, louder = row(buzz()), row(buzz(pitch=1.5 * PITCH)), row(3 * buzz())
    assert np.exp(plain["height"]) == pytest.approx(PITCH, rel=0.03)
    assert higher["height"] - plain["height"] == pytest.approx(np.log(1.5), abs=0.03)
    assert louder["level"] - plain["level"] == pytest.approx(20 * np.log10(3), abs=0.5)
    longer = row(buzz(pause=(0.8, 1.4)))
    assert longer["rest"] > plain["rest"] and longer["pace"] < plain["pace"]


def test_no_voice_is_told() -> None:
    with pytest.raises(InputError, match="no voice in it"):
        row_of(Voice(np.zeros(50), np.ones((50, 513)), np.ones((50, 513))))


def test_a_folder_becomes_a_file_of_manners(tmp_path: Path) -> None:
    codes = {name: code for code, name in EMOTIONS.items() if code != "02"}
    for name, (code, strength) in product(("neutral", *MOVED), STRENGTHS.items()):
        if name == "neutral" and strength == 1:
            continue
        pitch = PITCH * (1 + (0.3 * strength if name == "angry" else 0))
        write_sound(tmp_path / f"03-01-{codes[name]}-{code}-01-01-01.wav", buzz(0.6, pitch, (0.3, 0.3)), RATE)
    write_sound(tmp_path / "03-01-02-01-01-01-01.wav", buzz(0.6, 2 * PITCH), RATE)  # calm is left out
    write_sound(tmp_path / "03-01-01-01-01-01-17.wav", buzz(0.6, 2 * PITCH), RATE)  # held out
    assert [is_calm(one) for one in read_ravdess(tmp_path).clips].count(True) == 1
    out = train_manners([tmp_path], tmp_path / "out", MannerRecipe())
    manners = Manners.load(out / "manners.safetensors")
    height = manners.table[:, :, 0]
    assert height[MOVED.index("angry")] == pytest.approx(np.log([1.18, 1.3]), abs=0.03)
    assert height[MOVED.index("sad")] == pytest.approx([0, 0], abs=0.01)
    card = (out / "card.md").read_text("utf-8")
    assert card.startswith("Not for commercial use") and "12 of them, 1 actors" in card.replace("\n", " ")


def test_one_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 folders are given; expected one"):
        train_manners([tmp_path, tmp_path], tmp_path / "out", replace(MannerRecipe()))
