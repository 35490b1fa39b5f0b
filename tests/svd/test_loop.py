"""Whole denoising loops against the published computation."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from golden_data import facts, needs_golden, relative, stored_weights, tensors
from golden_networks import golden_unet, tiny_vae
from torch import Tensor

from dicetalk.sampling import GuidanceScales, circular_windows, karras_sigmas, sample_euler
from dicetalk.svd.denoiser import ClipConditions, ClipDenoiser, TokenTable, noisy_start
from dicetalk.svd.frames import decoded
from dicetalk.svd.projectors import FaceRegionEncoder

CASES = ("loop_a_n60_ov0", "loop_b_n60_ov5", "loop_c_n10_ramp", "loop_d_n50_exact", "loop_e_n21_fpb14_s3_i2i")

LONG = ("loop_a_n60_ov0", "loop_b_n60_ov5", "loop_c_n10_ramp", "loop_d_n50_exact")
"""All but the shortest."""


def golden_region(mask: Tensor) -> Tensor:
    encoder = FaceRegionEncoder(32, tuple(facts("loop")["pose_guider"]["block_out_channels"]))
    encoder.load_state_dict(stored_weights("loop_common", "pose_guider."))
    return encoder(mask.expand(1, 3, -1, -1))[:, None]


def golden_conditions(data: dict[str, Tensor], padding: int) -> ClipConditions:
    mask = data["mask"][None].float() / data["mask"].max()
    frames = len(data["audio"])
    return ClipConditions(
        data["ref_latents_unscaled"],
        data["image_embeds"],
        TokenTable.build(data["audio"], data["uncond_audio"], padding),
        TokenTable.build(data["emo"].expand(frames, -1, -1), data["uncond_emo"], padding),
        torch.tensor([[12.5, 8.0, 16.0]]),
        mask,
        golden_region(mask),
    )


def golden_denoiser(name: str, batch: int) -> ClipDenoiser:
    told = facts("loop")["cases"][name]
    total = told["total_frames"]

    def windows(step: int) -> list[list[int]]:
        return circular_windows(total, told["frames_per_batch"], told["overlap"], told["shift_offset"], step)

    def guidance(_sigma: float, step: int) -> GuidanceScales:
        second = told["guidance2_per_step"][step]
        return GuidanceScales(image=told["guidance1_per_step"][step], speech=second, emotion=second)

    conditions = golden_conditions(tensors(name), told["frames_per_batch"])
    return ClipDenoiser(golden_unet("tiny"), conditions, windows, guidance, batch, torch.float32)


def golden_sigmas(told: dict[str, Any]) -> Tensor:
    """The published loop can start from a partly noised clip, which takes the last of the steps only."""
    steps = told["steps_requested"]
    return karras_sigmas(steps)[steps - min(int(steps * told["i2i_noise_strength"]), steps) :]


@needs_golden
@torch.inference_mode()
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in CASES])
def test_loops_give_the_published_latents(name: str) -> None:
    told, data = facts("loop")["cases"][name], tensors(name)
    sigmas = golden_sigmas(told)
    region = golden_denoiser(name, 1).conditions.region
    assert region is not None and relative(region[0], data["pose_features_one_frame"]) < 1e-5
    start = noisy_start(data["ref_latents_unscaled"], data["noise"], float(sigmas[0]))
    final = sample_euler(golden_denoiser(name, 3), start, sigmas)
    # The loop amplifies rounding; the set measured how much in each case.
    tolerance = max(1e-4, 20 * told["noise_floor"]["final_fp32_vs_fp64_rel"])
    assert relative(final, data["latents_final"]) < tolerance


@needs_golden
@torch.inference_mode()
@pytest.mark.parametrize("name", ["loop_c_n10_ramp", "loop_e_n21_fpb14_s3_i2i"])
def test_decoded_frames_are_the_published_ones(name: str) -> None:
    told, data = facts("loop")["cases"][name], tensors(name)
    frames = list(decoded(tiny_vae(), data["latents_final"][0], told["num_frames"], told["decode_chunk_size"]))
    assert len(frames) == told["num_frames"]
    found = torch.stack(frames, 1)[:, told["decoded_frame_index"]]
    # Stored as float16, before the range is cut to what a picture can hold.
    assert relative(found, (data["decoded_frames"] * 0.5 + 0.5).clamp(0, 1)) < 1e-3
