"""The figure of the emotions: all of it is there, on the sheet, and nothing covers another."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from dicetalk.emotion import wheel_picture
from dicetalk.emotion.feeling import Feeling, mix
from dicetalk.emotion.sheet import Box, Sheet, spread
from dicetalk.emotion.typed import parse
from dicetalk.emotion.vocabulary import AROUSAL, NAMES, VALENCE
from dicetalk.emotion.wheel_picture import draw_wheel, pad

MIXTURES = ("happy:0.5,surprised:0.3", "fear:0.6,angry:0.3", "contempt", "disgusted:1", "neutral", "angry:1", "angry:1")


class Watched(Sheet):
    """Keeps the words and where they stand."""

    words: dict[tuple[str, Box], None]

    def word(self, at: tuple[float, float], text: str, size: float, colour: str, anchor: str = "mm") -> None:
        super().word(at, text, size, colour, anchor)
        self.words[text, self.box(at, text, size, anchor)] = None


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> type[Watched]:
    Watched.words = {}
    monkeypatch.setattr(wheel_picture, "Sheet", Watched)
    return Watched


@pytest.mark.parametrize("count", [0, 1, len(MIXTURES)])
def test_no_word_covers_another_or_leaves_the_sheet(watched: type[Watched], count: int) -> None:
    height, width, _ = draw_wheel({f"{n} {text}": parse(text) for n, text in enumerate(MIXTURES[:count])}).shape
    told = [text for text, _ in watched.words]
    assert all(any(name in text for text in told) for name in NAMES)
    for (one, a), (other, b) in combinations(watched.words, 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one!r} and {other!r} overlap"
    for text, (left, top, right, bottom) in watched.words:
        assert left >= 20 and top >= 10 and right <= width - 20 and bottom <= height - 10, text


def test_each_mixture_is_told_in_a_line(watched: type[Watched]) -> None:
    draw_wheel({"glad": mix(happy=0.8), "in between": mix(happy=0.3, sad=0.3), "nothing": Feeling()})
    told = [text for text, _ in watched.words]
    assert "1   glad:  225°, clarity 0.80;  pleasure +0.72, arousal +0.32, dominance +0.32" in told
    assert any(text.startswith("3   nothing:  no angle, clarity 0.00") for text in told)
    assert any(text.startswith("1 to 2:") for text in told) and not any(text.startswith("1 to 3:") for text in told)


def test_a_long_name_stays_on_the_sheet(watched: type[Watched]) -> None:
    _, width, _ = draw_wheel({"m" * 300: mix(happy=0.8)}).shape
    assert max(box[2] for _, box in watched.words) < width - 20


def test_a_mixture_moves_its_point() -> None:
    one, other = draw_wheel({"x": mix(happy=0.8)}), draw_wheel({"x": mix(sad=0.8)})
    assert one.shape == other.shape and one.dtype == np.uint8 and (one != other).any()


def test_pleasure_and_arousal_are_those_of_the_page() -> None:
    for name in NAMES:
        felt = mix(**{name: 1.0}) if name != "neutral" else Feeling()
        assert pad(felt)[:2] == pytest.approx((VALENCE[name], AROUSAL[name]))
    assert pad(mix(happy=0.5)) == pytest.approx([half / 2 for half in pad(mix(happy=1.0))])


def test_places_are_spread_in_their_order() -> None:
    found = spread([0.0, 100.0, 1.0, 2.0], 10)
    assert sorted(range(4), key=found.__getitem__) == [0, 2, 3, 1]
    assert np.diff(sorted(found)).min() > 9.99 and found[1] == 100
