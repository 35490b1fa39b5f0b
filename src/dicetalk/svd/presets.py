"""What a preset makes the sampler do: windows, guidance, noise levels and solver."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from dicetalk.sampling import (
    Denoise,
    GuidanceScales,
    Watch,
    circular_windows,
    karras_sigmas,
    linear_windows,
    sample_euler,
    sample_second_order,
)
from dicetalk.svd.options import Preset, SvdOptions

WINDOW = 25
"""Frames that the denoiser sees at once, as it was trained."""
PADDING = 25
SHIFT = 7
DECODE_CHUNK = 10

Windows = Callable[[int], list[list[int]]]


def padding_of(preset: Preset) -> int:
    """Frames that are denoised beyond the clip and thrown away."""
    return PADDING if preset.ring else 0


def scales_of(options: SvdOptions) -> GuidanceScales:
    """How far each condition is pushed."""
    return GuidanceScales(image=options.image_scale, speech=options.speech_scale, emotion=options.emotion_scale)


def windows_of(preset: Preset, frames: int) -> Windows:
    """The windows of every step over a clip of so many frames (padding not counted)."""
    if preset.ring:
        return lambda step: circular_windows(frames + PADDING, WINDOW, 0, SHIFT, step)
    return lambda step: linear_windows(frames, WINDOW, step)


def guidance_of(preset: Preset, scales: GuidanceScales) -> Callable[[float, int], GuidanceScales]:
    """The scales at every noise level: all 1, which leaves one branch, outside of the preset's range."""
    plain = GuidanceScales(image=1.0, speech=1.0, emotion=1.0)
    return lambda sigma, _step: scales if is_guided(preset, sigma) else plain


def is_guided(preset: Preset, sigma: float) -> bool:
    """Whether the branches of the guidance are computed at a noise level."""
    low, high = preset.guided
    return low <= sigma <= high


def sigmas_of(preset: Preset) -> Tensor:
    """Noise levels of all steps."""
    return karras_sigmas(preset.steps)


def sample(preset: Preset, denoise: Denoise, start: Tensor, watch: Watch | None) -> Tensor:
    """Run the preset's solver from a noisy start to clean latents."""
    sigmas = sigmas_of(preset)
    if preset.solver == "euler":
        return sample_euler(denoise, start, sigmas, watch)
    guided = [is_guided(preset, sigma) for sigma in sigmas.tolist()]
    breaks = {step for step in range(1, preset.steps) if guided[step] != guided[step - 1]}
    return sample_second_order(denoise, start, sigmas, watch, breaks)
