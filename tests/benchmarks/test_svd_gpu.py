"""The benchmark for a GPU, tried without one: what it tells of runs, and that its parts run at the size of a test."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

pytest.importorskip("diffusers")
from svd_gpu import Found, GpuRun, bench_of, learning, tiny

from dicetalk.svd.cost import Cost

PREDICTED = Cost(denoising=42 * 10**11, decoding=16 * 10**11, weights=0, peak=10**9, peak_without_weights=0)
RUN = GpuRun("best", "eager", "float16", 10.0, 15.0, 20.0, 1.1e9, PREDICTED, 1e12)


def found(minutes: float = 1.0) -> tuple[Found, list[str]]:
    told: list[str] = []
    return Found(told.append, "title", time.monotonic() + 60 * minutes), told


def test_it_tells_what_was_asked() -> None:
    one, told = found()
    one.add(RUN)
    one.add(replace(RUN, preset="balanced", total=8.0))
    one.add(replace(RUN, preset="fast", total=4.0, peak=2e9))
    one.add(replace(RUN, preset="fast", mode="eager, memory low", peak=0.9e9))
    one.add(replace(RUN, preset="best", mode="compiled", total=1.0))
    assert (
        "| best | eager | float16 | 10 | 15.0 | 5.0 | 20.0 | 12.5 | 5.8 | 20.0 | +0 % | 1.10 | 1.00 | -9 % |"
        in told[-1]
    )
    assert "balanced takes 1/2.5 of the time of best" in told[-1] and "fast takes 1/5.0" in told[-1]
    assert "Memory low: 0.90 GB." in told[-1]
    assert "peak memory within 15 % in 3 of 4 runs that are not compiled (at most 50 % off)" in told[-1]
    assert "time within 15 % in 2 of 4" in told[-1]


def test_what_does_not_fit_into_the_time_is_left_out_and_a_part_that_fails_is_told() -> None:
    one, told = found(0.5)
    assert one.fits("short", 5) and not one.fits("long", 30)
    assert "Left out for want of time: long (about 30 s" in told[-1]
    with one.part("Something"):
        raise RuntimeError("too hot")
    assert one.failed == 1 and "Something failed" in told[-1] and "too hot" in told[-1]


@pytest.mark.slow
def test_its_parts_run() -> None:
    scale = replace(tiny(), seconds=(0.08,), precisions=("float32",))
    one, told = found(10)
    bench = bench_of(scale, one, "float32")
    bench.tried(bench.options("fast", "low"), "eager, memory low", 0.08)
    bench.profiled()
    learning(scale, one)
    assert one.failed == 0 and len(one.runs) == 1
    assert "Decoding 10 frames (float32)" in told[-1] and "A step of svd-finetune (4 windows of 2 frames" in told[-1]
