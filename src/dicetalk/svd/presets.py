"""What a user can choose about the svd backbone, and the three presets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor

from dicetalk.errors import ConfigError
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

WINDOW = 25
"""Frames that the denoiser sees at once, as it was trained."""
PADDING = 25
SHIFT = 7
DECODE_CHUNK = 10

Windows = Callable[[int], list[list[int]]]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """How much is spent on one clip.

    Attributes:
        steps: denoising steps.
        solver: "euler", or "second-order" which needs about half the steps.
        ring: close the clip to a ring with padding, as published; otherwise windows end where the clip ends.
        guided: noise levels at which the branches of the guidance are computed; outside only the full condition is.
    """

    steps: int
    solver: Literal["euler", "second-order"]
    ring: bool
    guided: tuple[float, float]


PRESETS = {
    "fast": Preset(steps=7, solver="second-order", ring=False, guided=(1.0, 150.0)),
    "balanced": Preset(steps=12, solver="second-order", ring=False, guided=(0.4, 500.0)),
    "best": Preset(steps=25, solver="euler", ring=True, guided=(0.0, 1000.0)),
}
"""`best` computes exactly what was published."""


@dataclass(frozen=True, kw_only=True)
class SvdOptions:
    """Everything a user can choose.

    Attributes:
        preset: "fast", "balanced" or "best".
        steps: denoising steps; None is the preset's.
        guidance: how far image, speech and emotion are pushed.
        no_emotion: what "no emotion" means in the guidance: "release" as published, "matched" as trained, "neutral".
        frame: "whole" animates the picture at once, "face" the square around the face, which is then pasted back.
        short_side: short side of what is denoised [px].
        memory: "low" keeps only the network in use on the device, and gives it one prediction at a time.
        device: "cpu", "cuda", "cuda:1", "mps"; "auto" takes the best there is.
        precision: "float32", "bfloat16" or "float16"; "auto" is float16 on a GPU and float32 elsewhere.
        compile: compile the denoiser (a minute or more before the first clip, then faster).

    Raises:
        ConfigError: a value is out of range.
    """

    preset: str = "balanced"
    steps: int | None = None
    guidance: GuidanceScales = field(default_factory=GuidanceScales)
    no_emotion: str = "release"
    frame: str = "whole"
    short_side: int = 512
    memory: str = "normal"
    device: str = "auto"
    precision: str = "auto"
    compile: bool = False

    def __post_init__(self) -> None:
        _one_of("preset", self.preset, tuple(PRESETS))
        _one_of("no_emotion", self.no_emotion, ("release", "matched", "neutral"))
        _one_of("frame", self.frame, ("whole", "face"))
        _one_of("memory", self.memory, ("normal", "low"))
        _one_of("precision", self.precision, ("auto", *PRECISIONS))
        if self.steps is not None and not 1 <= self.steps <= 200:
            raise ConfigError(f"steps is {self.steps}; use 1 to 200, 7 to 25 make sense")
        if not 64 <= self.short_side <= 2048:
            raise ConfigError(
                f"short_side is {self.short_side}; use 64 to 2048 pixels, 512 is what the weights were made for"
            )

    @property
    def plan(self) -> Preset:
        """The preset, with the steps asked for."""
        preset = PRESETS[self.preset]
        return preset if self.steps is None else replace(preset, steps=self.steps)

    @property
    def batch(self) -> int:
        """Most predictions in one call of the U-Net: the three branches of a window, or one."""
        return 1 if self.memory == "low" else 3


PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(f"{name} is {value!r}; choose one of: {', '.join(allowed)}")


def padding_of(preset: Preset) -> int:
    """Frames that are denoised beyond the clip and thrown away."""
    return PADDING if preset.ring else 0


def windows_of(preset: Preset, frames: int) -> Windows:
    """The windows of every step over a clip of so many frames (padding not counted)."""
    if preset.ring:
        return lambda step: circular_windows(frames + PADDING, WINDOW, 0, SHIFT, step)
    return lambda step: linear_windows(frames, WINDOW, step)


def guidance_of(preset: Preset, scales: GuidanceScales) -> Callable[[float, int], GuidanceScales]:
    """The scales at every noise level: all 1, which leaves one branch, outside of the preset's range."""
    low, high = preset.guided
    plain = GuidanceScales(image=1.0, speech=1.0, emotion=1.0)
    return lambda sigma, _step: scales if low <= sigma <= high else plain


def sigmas_of(preset: Preset) -> Tensor:
    """Noise levels of all steps."""
    return karras_sigmas(preset.steps)


def sample(preset: Preset, denoise: Denoise, start: Tensor, watch: Watch | None) -> Tensor:
    """Run the preset's solver from a noisy start to clean latents."""
    solver = sample_euler if preset.solver == "euler" else sample_second_order
    return solver(denoise, start, sigmas_of(preset), watch)


def pick_device(name: str) -> torch.device:
    """The device of a name; "auto" is CUDA, else MPS, else the processor.

    Raises:
        ConfigError: no such device here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"{name!r} is not a device; use cpu, cuda, cuda:1, mps or auto") from None
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(device.type, False) or (device.index or 0) >= max(1, torch.cuda.device_count()):
        raise ConfigError(f"there is no {name} here; use cpu, or auto to take the best there is")
    return device


def pick_precision(name: str, device: torch.device) -> torch.dtype:
    """The floating-point type of the large networks; "auto" is float16 on a GPU and float32 on the processor."""
    if name == "auto":
        return torch.float32 if device.type == "cpu" else torch.float16
    return PRECISIONS[name]
