"""Lips touch where p, b, m, f and v are heard, whatever the network says."""

from __future__ import annotations

import numpy as np
import pytest

from dicetalk.acting.visemes import gate
from dicetalk.arrays import Float32, Float64
from dicetalk.diffusion.contact import AROUND, CLOSE, Contact
from dicetalk.motion.basis import lip_parting
from dicetalk.motion.space import SHAPES, index
from dicetalk.rates import HOPS_PER_FRAME
from dicetalk.speech.broad import CLOSED, PHONES
from dicetalk.speech.stream import PARTS, SPEECH

JAW, LOWER = index("jawOpen"), index("mouthLowerDownLeft")


def rows_of(*phones: str) -> Float32:
    """(T, 119) rows of frames in which one phone each is sure."""
    rows = np.zeros((len(phones), SPEECH), np.float32)
    for row, phone in zip(rows, phones, strict=True):
        for part in range(PARTS):
            row[part * (len(PHONES) + 1) + PHONES.index(phone)] = 1
    return rows


def open_mouth(frames: int) -> Float64:
    shapes = np.zeros((frames, len(SHAPES)))
    shapes[:, JAW], shapes[:, LOWER] = 0.5, 0.2
    return shapes


def gaps(shapes: Float64) -> Float64:
    """(T,) the widest gap between the lips."""
    return np.asarray((shapes @ lip_parting()).max(1))


def met(phones: list[str], frames: int) -> Float64:
    """An open mouth of some frames, met where the phones of them and of those behind say so."""
    contact, shapes = Contact(), open_mouth(frames)
    contact.hear(rows_of(*phones))
    contact.meet(shapes)
    return shapes


@pytest.mark.parametrize("phone", ["P", "M"])
def test_lips_meet_for_a_closure_and_part_again(phone: str) -> None:
    shapes = met(["A"] * 6 + [phone] + ["A"] * 6, 13 - AROUND)
    assert gaps(shapes)[6] == pytest.approx(0, abs=1e-9)
    assert gaps(shapes)[2] == pytest.approx(gaps(open_mouth(1))[0])
    assert gaps(shapes)[4] > 0.02


def test_nothing_moves_without_a_reason() -> None:
    np.testing.assert_array_equal(met(["A", "I", "K", "S"] * 4, 13), open_mouth(13))


def test_lips_that_are_further_shut_stay() -> None:
    contact, shapes = Contact(), open_mouth(2)
    shapes[:, CLOSE] = 0.9
    contact.hear(rows_of(*["A"] * 5))
    contact.meet(shapes)
    np.testing.assert_array_equal(shapes[:, CLOSE], 0.9)


def test_the_lower_lip_comes_up_to_the_teeth() -> None:
    shapes = met(["A"] * 4 + ["F"] * 2 + ["A"] * 5, 8)
    assert shapes[5, LOWER] < 0.1 * open_mouth(1)[0, LOWER] + 1e-9
    assert shapes[0, LOWER] == open_mouth(1)[0, LOWER]
    assert shapes[5, CLOSE] == 0


def test_bit_by_bit_is_as_at_once() -> None:
    drawn = np.random.default_rng(3)
    phones = [PHONES[number] for number in drawn.integers(0, 4, 40)]
    whole, parts, bits = met(phones, 36), Contact(), open_mouth(36)
    parts.hear(rows_of(*phones[:AROUND]))
    for start in range(0, 36, 2):
        parts.hear(rows_of(*phones[AROUND + start : AROUND + start + 2]))
        parts.meet(bits[start : start + 2])
    np.testing.assert_array_equal(bits, whole)


def test_the_gate_is_that_of_the_rules() -> None:
    """Three frames on either side are all that a closure's ramps reach."""
    phones = ["A"] * 12 + ["P"] + ["A"] * 12
    hops = np.eye(len(PHONES), dtype=np.float32)[[PHONES.index(phone) for phone in phones]].repeat(HOPS_PER_FRAME, 0)
    shut = gate(hops, CLOSED)[: 25 - AROUND]
    shapes = met(phones, 25 - AROUND)
    open_gap = gaps(open_mouth(1))[0]
    np.testing.assert_allclose(1 - gaps(shapes) / open_gap, shut, atol=0.35)
    assert (shut > 0).tolist() == (shapes[:, CLOSE] > 0).tolist()
