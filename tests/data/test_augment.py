"""Augmentation: nothing changes when nothing is asked for; chance comes from the generator; streams stay in step."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dicetalk.data.augment import Augmentation, Misreading, augment_speech, cut, misread_motion, read_at
from dicetalk.motion.space import SHAPES

NONE = Augmentation(rate=0, offset=0, jitter=0, mask=0)
SPREAD = torch.tensor([1.0, 2.0, 0.0, 0.5])


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rows(count: int = 4, frames: int = 30) -> Tensor:
    return torch.randn(count, frames, len(SPREAD), generator=generator(9))


def moved(options: Augmentation, seed: int = 0) -> Tensor:
    return augment_speech(rows(), SPREAD, options, generator(seed))


def test_no_augmentation_changes_nothing() -> None:
    assert torch.equal(moved(NONE), rows())


def test_an_offset_lasts_for_the_clip_and_jitter_does_not() -> None:
    offset, jitter = (moved(Augmentation(**{**vars(NONE), name: 0.5})) - rows() for name in ("offset", "jitter"))
    torch.testing.assert_close(offset, offset[:, :1].expand_as(offset), rtol=0, atol=1e-5)
    assert (offset.std(0).mean(0) > 0).tolist() == (jitter.std((0, 1)) > 0).tolist() == [True, True, False, True]
    torch.testing.assert_close(jitter.std((0, 1)), 0.5 * SPREAD, rtol=0.3, atol=1e-6)


def test_what_is_masked_takes_the_mean_of_its_column() -> None:
    masked = moved(Augmentation(**{**vars(NONE), "mask": 1.0}))
    hidden = masked != rows()
    assert 0 < hidden.float().mean() < 0.5
    middle = rows().mean(1, keepdim=True).expand_as(masked)
    # A column's mean over what was not yet hidden differs a little from the first one.
    assert ((masked - middle).abs()[hidden] < 1.0).all()


def test_the_same_generator_gives_the_same_voices() -> None:
    one, again, other = (moved(Augmentation(), seed) for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)


@settings(deadline=None)
@given(length=st.integers(1, 80), frames=st.integers(1, 40), rate=st.floats(0, 0.5), seed=st.integers(0, 99))
def test_cuts_lie_in_their_clip(length: int, frames: int, rate: float, seed: int) -> None:
    places, inside = cut(torch.tensor([float(length)] * 3), frames, rate, generator(seed))
    assert places.shape == inside.shape == (3, frames)
    assert (places >= 0).all() and inside[:, 0].all()
    assert (places[inside] <= length - 1 + 1e-3).all()
    assert not (inside[:, 1:] & ~inside[:, :-1]).any()  # padding comes last
    steps = places.diff(dim=1)
    assert ((steps > 0.99 / (1 + rate)) & (steps < 1.01 * (1 + rate))).all()
    if length >= frames * 1.6:
        assert inside.all()


def test_reading_between_frames() -> None:
    ramp = torch.arange(10.0)[None, :, None].expand(2, 10, 3)
    places = torch.tensor([[0.0, 0.5, 8.75], [9.0, 20.0, 3.0]])
    torch.testing.assert_close(read_at(ramp, places)[..., 0], places.clamp(max=9))


def test_faces_are_misread_within_bounds_and_by_chance_alone() -> None:
    faces = torch.rand(3, 20, 58, generator=generator())
    one, two, three = (misread_motion(faces, Misreading(), generator(s)) for s in (1, 1, 2))
    assert torch.equal(one, two) and not torch.equal(one, three)
    assert one.shape == faces.shape and one[..., :52].min() >= 0 and one[..., :52].max() <= 1
    assert torch.equal(one[..., 52:], faces[..., 52:])
    nothing = Misreading(weak=0, faint=0, build=0, rest=0, gain=0, mixed=0, jitter=0)
    torch.testing.assert_close(misread_motion(faces, nothing, generator(1)), faces)


def test_a_slight_smile_may_be_missed() -> None:
    faces = torch.zeros(200, 5, 58)
    faces[..., SHAPES.index("mouthSmileLeft")] = 0.2
    only = Misreading(weak=0, faint=3, build=0, rest=0, gain=0, mixed=0, jitter=0)
    read = misread_motion(faces, only, generator())[:, 0, SHAPES.index("mouthSmileLeft")]
    assert (read == 0).float().mean() > 0.1 and read.max() > 0.15


def test_some_faces_are_made_as_if_they_felt_something() -> None:
    only = Misreading(weak=0, faint=0, rest=0, gain=0, mixed=0, jitter=0)
    read = misread_motion(torch.zeros(400, 3, 58), only, generator())
    left, right = read[:, 0, SHAPES.index("browDownLeft")], read[:, 0, SHAPES.index("browDownRight")]
    assert 0.1 < (left > 0).float().mean() < 0.4 and left.max() < 0.6
    torch.testing.assert_close(left, right)
    assert torch.equal(read[:, 0, SHAPES.index("jawOpen")], torch.zeros(400))
