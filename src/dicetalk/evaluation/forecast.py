"""What the svd backbone would cost on this machine; nothing is loaded for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dicetalk.svd.options import PRESETS, SvdOptions
from dicetalk.svd.parts import open_svd

SIDE = 512
"""Both sides of the picture that is assumed [px]."""


@dataclass(frozen=True)
class PresetCost:
    """The predicted cost of one preset.

    Attributes:
        preset: its name.
        memory: "normal" or "low".
        petaflop: operations, decoding included [1e15].
        peak_gb: most memory at once on the device [GB].
        predicted_s: time, from the measured speed of a matrix product [s].
        fits: whether the device has that much memory free.
        gpu_peak_gb: most memory at once on a GPU, in float16 [GB].
    """

    preset: str
    memory: str
    petaflop: float
    peak_gb: float
    predicted_s: float
    fits: bool
    gpu_peak_gb: float


@dataclass(frozen=True)
class Forecast:
    """What all presets would cost.

    Attributes:
        device: where they would run.
        precision: in which floating-point type.
        free_gb: memory that is free there [GB].
        seconds: of speech.
        costs: of each preset, with normal memory, then with low.
        advice: what fits where nothing of that does; empty if something does.
    """

    device: str
    precision: str
    free_gb: float
    seconds: float
    costs: list[PresetCost]
    advice: str

    @property
    def able(self) -> bool:
        """Whether a preset fits."""
        return any(cost.fits for cost in self.costs)


def forecast(seconds: float, device: str = "auto", config: Mapping[str, Any] | None = None) -> Forecast:
    """The cost of a clip of so many seconds at 512 x 512.

    Args:
        seconds: of speech.
        device: by name.
        config: of a checkpoint; None is the published sizes.

    Raises:
        ConfigError: no such device.
    """
    from dicetalk.svd.cost import Work, free_bytes, least_change, measure_speed
    from dicetalk.svd.placement import pick_device, pick_precision

    place = pick_device(device)
    dtype = pick_precision("auto", place)
    speed, free = measure_speed(place, dtype), free_bytes(place)
    work = Work(SvdOptions(), seconds, SIDE, SIDE, dtype, config, place.type)
    costs = [_cost(work, memory, preset, speed, free) for memory in ("normal", "low") for preset in PRESETS]
    advice = "" if any(cost.fits for cost in costs) else least_change(work, free)
    return Forecast(str(place), str(dtype).removeprefix("torch."), round(free / 1e9, 1), seconds, costs, advice)


def _cost(work: Any, memory: str, preset: str, speed: float, free: int) -> PresetCost:
    import torch

    from dicetalk.svd.cost import predict

    here = replace(work, options=replace(work.options, preset=preset, memory=memory))
    cost, on_gpu = predict(here), predict(replace(here, dtype=torch.float16, device="cuda"))
    return PresetCost(
        preset,
        memory,
        round((cost.denoising + cost.decoding) / 1e15, 2),
        round(cost.peak / 1e9, 1),
        round(cost.seconds(speed), 1),
        cost.peak <= free,
        round(on_gpu.peak / 1e9, 1),
    )


def svd_forecast(folder: Path | None, seconds: float, device: str) -> Forecast:
    """What a clip would cost with a checkpoint, or at the published sizes where there is none yet.

    Raises:
        CheckpointError: the folder holds no svd checkpoint.
        ConfigError: no such device.
    """
    return forecast(seconds, device, None if folder is None else open_svd(folder).config)
