"""What a user can choose about the svd backbone, and the three presets. Needs no torch: mistakes are told at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dicetalk.checks import brief
from dicetalk.errors import ConfigError


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
"""`best` computes exactly what was published, for as long as the sound lasts; with `exact` also just as long."""

CHOICES = {
    "preset": tuple(PRESETS),
    "no_emotion": ("release", "matched", "neutral"),
    "frame": ("whole", "face"),
    "memory": ("normal", "low"),
    "precision": ("auto", "float32", "bfloat16", "float16"),
}
"""The options that are one of a few words."""


@dataclass(frozen=True, kw_only=True)
class SvdOptions:
    """Everything a user can choose.

    Attributes:
        preset: "fast", "balanced" or "best".
        steps: denoising steps; None is the preset's.
        image_scale: how far the portrait is pushed beyond the prediction without it; 1 is not at all.
        speech_scale: the same of speech.
        emotion_scale: the same of emotion; equal to `speech_scale` it costs one prediction in four less.
        no_emotion: what "no emotion" means in the guidance: "release" as published, "matched" as trained, "neutral".
        exact: denoise no more frames than was published: up to 120 ms at the end of the sound then see the last one.
        frame: "whole" animates the picture at once, "face" the square around the face, which is then pasted back.
        short_side: short side of what is denoised [px].
        memory: "low" keeps only the network in use on the device, and gives it one prediction at a time.
        device: "cpu", "cuda", "cuda:1", "mps"; "auto" takes the best there is.
        precision: "float32", "bfloat16" or "float16"; "auto" is float16 on a GPU and float32 elsewhere.
        compile: compile the denoiser, which takes minutes before the first clip.

    Raises:
        ConfigError: a value is out of range.
    """

    preset: str = "balanced"
    steps: int | None = None
    image_scale: float = 3.0
    speech_scale: float = 6.0
    emotion_scale: float = 6.0
    no_emotion: str = "release"
    exact: bool = False
    frame: str = "whole"
    short_side: int = 512
    memory: str = "normal"
    device: str = "auto"
    precision: str = "auto"
    compile: bool = False

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            _one_of(name, getattr(self, name), allowed)
        for name in ("image_scale", "speech_scale", "emotion_scale"):
            _within(name, getattr(self, name), 0, 30, "1 is no guidance, 3 to 6 make sense")
        if self.steps is not None:
            _within("steps", self.steps, 1, 200, "7 to 25 make sense")
        _within("short_side", self.short_side, 64, 2048, "512 pixels is what the weights were made for")
        for name in ("steps", "short_side"):
            if isinstance(getattr(self, name), float):
                raise ConfigError(f"{name} is {brief(getattr(self, name))}; use a whole number")
        if not isinstance(self.device, str):
            raise ConfigError(f"device is {brief(self.device)}; use a name such as auto, cpu, cuda, cuda:1 or mps")
        for name in ("exact", "compile"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(f"{name} is {brief(getattr(self, name))}; use true or false")

    @property
    def plan(self) -> Preset:
        """The preset, with the steps asked for."""
        preset = PRESETS[self.preset]
        return preset if self.steps is None else replace(preset, steps=self.steps)

    @property
    def batch(self) -> int:
        """Most predictions in one call of the U-Net: the three branches of a window, or one."""
        return 1 if self.memory == "low" else 3


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise ConfigError(f"{name} is {brief(value)}; choose one of: {', '.join(allowed)}")


def _within(name: str, value: float, low: int, high: int, sense: str) -> None:
    # Also refuses what is not a number: no comparison with it holds.
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ConfigError(f"{name} is {brief(value)}; use {low} to {high}, {sense}")
