"""Predictions of operations and memory, before anything is loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import torch
from places import ROOT
from svd_reference import LiteralUNet
from svd_tiny import SIZES, tiny_config
from torch import nn

from dicetalk.svd import cost, counting
from dicetalk.svd.meter import count
from dicetalk.svd.options import PRESETS, SvdOptions
from dicetalk.svd.sizes import UNetSizes, published_config

PUBLISHED_STEP = 104.9e12
PUBLISHED_CLIP = 15.7e15
CLIP = cost.Work(SvdOptions(), 10.0, 512, 512, torch.float16)


def test_a_guided_step_takes_at_least_8_percent_less_than_published() -> None:
    found = cost.predict(replace(CLIP, options=SvdOptions(preset="best")))
    assert found.denoising / (6 * 25) <= 0.92 * PUBLISHED_STEP


def test_a_clip_takes_a_third_in_balanced_and_a_sixth_in_fast() -> None:
    found = {name: cost.predict(replace(CLIP, options=SvdOptions(preset=name))) for name in PRESETS}
    assert found["balanced"].denoising * 3 <= PUBLISHED_CLIP
    assert found["fast"].denoising * 6 <= PUBLISHED_CLIP
    # Even with decoding counted in, which the published figure leaves out.
    assert (found["balanced"].denoising + found["balanced"].decoding) * 3 <= PUBLISHED_CLIP
    assert (found["fast"].denoising + found["fast"].decoding) * 6 <= PUBLISHED_CLIP


@pytest.mark.slow
def test_the_literal_restatement_takes_what_was_published() -> None:
    from svd_reference import LiteralClip, guided

    with torch.device("meta"):
        literal = LiteralUNet(UNetSizes()).to("meta")
        clip = LiteralClip(
            torch.empty(1, 4, 64, 64),
            torch.empty(1, 1024),
            torch.empty(25, 32, 1024),
            torch.empty(32, 1024),
            torch.empty(32, 1024),
            torch.empty(32, 1024),
            torch.empty(1, 1, 512, 512),
            torch.empty(1, 320, 64, 64),
        )
        noisy = torch.empty(1, 25, 4, 64, 64)
    flops = count(lambda: guided(literal, clip, noisy, list(range(25)), 1.0, (3.0, 6.0))).flops
    assert flops == pytest.approx(PUBLISHED_STEP, rel=1e-3)


def test_low_memory_fits_into_five_gigabytes() -> None:
    for preset in PRESETS:
        normal = cost.predict(replace(CLIP, options=SvdOptions(preset=preset)))
        low = cost.predict(replace(CLIP, options=SvdOptions(preset=preset, memory="low")))
        assert low.peak < 5e9 < normal.peak < 9.6e9
        assert low.weights == normal.weights


def test_memory_grows_by_latents_and_tokens_alone() -> None:
    growth = cost.predict(replace(CLIP, seconds=610.0)).peak - cost.predict(CLIP).peak
    assert growth / (600 * 12.5) == pytest.approx(0.46e6, rel=0.05)  # bytes a denoised frame; a decoded one has 3 MB


def test_what_fits_is_said() -> None:
    assert cost.least_change(CLIP, 10**12) == "preset balanced with memory low fits"
    assert cost.least_change(CLIP, 42 * 10**8) == "preset balanced with memory low and short_side 384 fits"
    assert "use a device with more memory" in cost.least_change(CLIP, 10**8)


@pytest.mark.slow
@torch.inference_mode()
@pytest.mark.parametrize(
    ("what", "given"),
    [
        ("encode_count", (32, 32)),
        ("unet_count", (1, 25, 32, 32, torch.float16)),
        ("decode_count", (10, 32, 32, torch.float32)),
        ("weight_bytes", (torch.bfloat16,)),
    ],
)
def test_what_ships_is_what_would_be_counted(what: str, given: tuple[Any, ...]) -> None:
    told = json.dumps(published_config())
    assert getattr(cost, what)(told, *given) == getattr(counting, what)(told, *given)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("frames", [1, 24, 99, 100, 125, 126, 130, 777, 1001])
def test_a_long_clip_is_counted_by_its_ends(preset: str, frames: int) -> None:
    options = SvdOptions(preset=preset)
    assert cost.frame_predictions(options, frames) == cost._predictions(options, frames)


def test_the_doctor_waits_for_no_network_library() -> None:
    program = (
        "import sys; from dicetalk.evaluation.forecast import forecast; forecast(86400.0, 'cpu');"
        "print([name for name in ('diffusers', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_meter_counts_what_is_alive() -> None:
    layer = nn.Linear(1000, 1000, device="meta")
    found = count(lambda: layer(layer(torch.empty(512, 1000))))
    # The input is gone when the second result is made: never more than two at once.
    assert found.peak == pytest.approx(2 * 512 * 1000 * 4, rel=0.01)
    assert found.flops == 2 * 2 * 512 * 1000 * 1000


@torch.inference_mode()
def test_the_meter_does_not_hold_the_matrix_of_scores() -> None:
    q = torch.empty(1, 2, 4096, 16, device="meta")
    found = count(lambda: nn.functional.scaled_dot_product_attention(q, q, q))
    assert found.peak < 2 * 4096 * 16 * 4 * 1.1
    assert found.flops == 4 * 2 * 4096 * 4096 * 16


MEASURE = """
import sys
import torch
sys.path.insert(0, {src!r})
torch.set_num_threads(1)
from pathlib import Path
from dicetalk.svd.model import StreamedUNet, UNetConditions
from dicetalk.svd.sizes import UNetSizes, published_config
from dicetalk.svd.streams import Stream

def told(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])

def call(unet, side, frames=2):
    index, mask = torch.zeros(3, frames, dtype=torch.long), torch.zeros(1, 1, 8 * side, 8 * side)
    streams = (Stream(torch.zeros(n, 4, 32), index, mask) for n in (1 + frames, 2))
    known = UNetConditions(torch.zeros(3, 1, 32), *streams, torch.zeros(3, 3), torch.zeros(1, 1, 32, side, side))
    inputs = torch.zeros(3, frames, 8, side, side), torch.zeros(()), known
    before = told("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far, a parent's included
    unet(*inputs)
    return told("VmHWM") - before

with torch.inference_mode():
    unet = StreamedUNet({sizes}).eval()
    call(unet, 16)  # libraries take their working memory
    print(call(unet, 80))
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak memory of a process as Linux tells it")
def test_predicted_memory_is_measured() -> None:
    import json

    code = MEASURE.format(src=str(ROOT / "src"), sizes=repr(SIZES.unet))
    # Freed blocks go back at once: what is measured is the network, not what the allocator keeps for later.
    env = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    told = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    predicted = cost.unet_count(json.dumps(tiny_config()), 3, 2, 80, 80, torch.float32).peak
    assert predicted == pytest.approx(int(told.stdout.split()[-1]), rel=0.15)


def test_speed_is_measured_and_time_follows() -> None:
    speed = cost.measure_speed(torch.device("cpu"), torch.float32)
    assert 1e8 < speed < 1e14
    found = cost.predict(CLIP)
    assert found.seconds(2 * speed) == pytest.approx(found.seconds(speed) / 2)
