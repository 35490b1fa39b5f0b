"""Samplers, guidance and windows: exactness against the published schedule, and properties."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from golden_data import facts, needs_golden
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from dicetalk.sampling import (
    Branch,
    Denoise,
    GuidanceScales,
    branch_weights,
    circular_windows,
    clean_from_v,
    karras_sigmas,
    linear_windows,
    merge_identical,
    sample_euler,
    sample_second_order,
    scale_input,
    timestep_of,
)

SCALES = st.floats(0, 12).map(lambda x: round(x, 2))


@needs_golden
def test_noise_levels_are_the_published_ones() -> None:
    for steps, told in facts("scheduler")["schedules"].items():
        sigmas = karras_sigmas(int(steps))
        torch.testing.assert_close(sigmas, torch.tensor(told["sigmas"]), rtol=1e-6, atol=0)
        assert [timestep_of(s) for s in sigmas.tolist()[:-1]] == pytest.approx(told["timesteps"], abs=1e-6)


@needs_golden
def test_windows_are_the_published_ones() -> None:
    for told in facts("loop")["cases"].values():
        for step, starts in enumerate(told["window_first_index"]):
            windows = circular_windows(
                told["total_frames"], told["frames_per_batch"], told["overlap"], told["shift_offset"], step
            )
            assert [window[0] for window in windows] == starts


@given(st.integers(1, 400), st.integers(2, 30), st.integers(0, 50), st.data())
def test_ring_windows_cover_every_frame(frames: int, window: int, step: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, window - 1))
    windows = circular_windows(frames, window, overlap, 7, step)
    assert set(itertools.chain.from_iterable(windows)) == set(range(frames))
    assert all(len(set(w)) == len(w) == min(window, frames) for w in windows)


@given(st.integers(1, 400), st.integers(8, 30), st.integers(0, 50))
def test_open_windows_cover_every_frame_once_but_for_short_ends(frames: int, window: int, step: int) -> None:
    windows = linear_windows(frames, window, step)
    seen = list(itertools.chain.from_iterable(windows))
    assert set(seen) == set(range(frames))
    assert len(seen) - frames <= 2 * 7
    for w in windows:
        assert w == list(range(w[0], w[-1] + 1)) and min(8, frames) <= len(w) <= window


def test_open_windows_meet_elsewhere_at_each_step() -> None:
    meets = [{w[0] for w in linear_windows(125, 25, step)} - {0} for step in range(4)]
    assert all(not a & b for a, b in itertools.combinations(meets, 2))


@given(SCALES, SCALES, SCALES)
def test_factors_of_the_branches_sum_to_one(image: float, speech: float, emotion: float) -> None:
    assert sum(branch_weights(GuidanceScales(image=image, speech=speech, emotion=emotion)).values()) == pytest.approx(1)


@given(SCALES, SCALES, st.tuples(*[st.floats(-5, 5)] * 4))
def test_three_branches_equal_four_at_equal_scales(s1: float, s2: float, v: tuple[float, ...]) -> None:
    u, r, a, c = v
    seen = {
        Branch(False, False, False): u,
        Branch(True, False, False): r,
        Branch(True, True, False): a,
        Branch(True, True, True): c,
    }
    weights = branch_weights(GuidanceScales(image=s1, speech=s2, emotion=s2))
    assert Branch(True, True, False) not in weights
    guided = sum(weight * seen[branch] for branch, weight in weights.items())
    assert guided == pytest.approx(u + s1 * (r - u) + s2 * (c - r), abs=1e-6)
    four = u + s1 * (r - u) + s2 * (a - r) + s2 * (c - a)
    assert guided == pytest.approx(four, abs=1e-6)


def test_no_guidance_is_one_branch_and_padding_needs_two() -> None:
    assert branch_weights(GuidanceScales(image=1, speech=1, emotion=1)) == {Branch(True, True, True): 1}
    weights = merge_identical(branch_weights(GuidanceScales()), speech=False, emotion=False)
    assert weights == {Branch(False, False, False): -2, Branch(True, False, False): 3}


@given(SCALES, SCALES, SCALES, st.booleans(), st.booleans())
def test_merging_keeps_the_sum(image: float, speech: float, emotion: float, has: bool, feels: bool) -> None:
    weights = branch_weights(GuidanceScales(image=image, speech=speech, emotion=emotion))
    assert sum(merge_identical(weights, has, feels).values()) == pytest.approx(sum(weights.values()))


def gaussian(mean: float, spread: float) -> Denoise:
    """The exact denoiser of a Gaussian."""

    def denoise(x: Tensor, sigma: float, _step: int) -> Tensor:
        return (x * spread**2 + mean * sigma**2) / (spread**2 + sigma**2)

    return denoise


def exact(x: Tensor, sigma: float, mean: float, spread: float) -> Tensor:
    return mean + (x - mean) * spread / math.sqrt(spread**2 + sigma**2)


def error(solver: Callable[..., Tensor], steps: int) -> float:
    sigmas = karras_sigmas(steps)
    start = 700 * torch.linspace(-2, 2, 9, dtype=torch.float64)
    found = solver(gaussian(0.3, 0.5), start, sigmas)
    return float((found - exact(start, 700, 0.3, 0.5)).abs().max())


def test_solvers_find_the_flow_and_the_second_order_needs_fewer_steps() -> None:
    assert error(sample_euler, 200) < 0.05
    assert error(sample_second_order, 12) < error(sample_euler, 25)
    assert error(sample_second_order, 60) < error(sample_second_order, 30) / 2.8


def test_the_second_order_does_not_look_back_over_a_break() -> None:
    """A denoiser that becomes another one half-way leads where that one leads by itself from there."""
    levels, start, half = karras_sigmas(10)[:-1], torch.tensor([500.0]), 5
    met: list[Tensor] = []

    def swapped(x: Tensor, _sigma: float, step: int) -> Tensor:
        met.append(x)
        return torch.tensor([1e3 if step < half else 2.0])

    found = sample_second_order(swapped, start, levels, breaks={half})
    alone = sample_second_order(lambda *_: torch.tensor([2.0]), met[half], levels[half:])
    torch.testing.assert_close(found, alone)
    assert abs(float(sample_second_order(swapped, start, levels) - alone)) > 0.1


def test_a_perfect_denoiser_is_reached_at_once() -> None:
    goal = torch.tensor([1.0, -2.0])
    told: list[int] = []
    for solver in (sample_euler, sample_second_order):
        found = solver(lambda *_: goal, torch.tensor([900.0, 3.0]), karras_sigmas(5), lambda n, _: told.append(n))
        torch.testing.assert_close(found, goal)
    assert told == 2 * [1, 2, 3, 4, 5]


@given(st.floats(0.002, 700), st.floats(-3, 3), st.floats(-3, 3))
def test_v_prediction_recovers_the_clean_signal(sigma: float, clean: float, noise: float) -> None:
    x = torch.tensor(clean + sigma * noise, dtype=torch.float64)
    v_exact = (float(x) / (sigma**2 + 1) - clean) * math.sqrt(sigma**2 + 1) / sigma
    assert float(clean_from_v(torch.tensor(v_exact, dtype=torch.float64), x, sigma)) == pytest.approx(clean, abs=1e-6)


def test_scaled_input_has_unit_variance() -> None:
    x = torch.randn(10000, generator=torch.Generator().manual_seed(0))
    assert float(scale_input(x * math.sqrt(5**2 + 1), 5).std()) == pytest.approx(1, abs=0.03)
