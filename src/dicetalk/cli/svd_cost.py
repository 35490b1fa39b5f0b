"""What the svd backbone would cost on this machine, for `dicetalk doctor --backbone svd --seconds 10`."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class PresetCost:
    """The predicted cost of one preset; nothing is loaded to know it.

    Attributes:
        preset: its name.
        memory: "normal" or "low".
        petaflop: operations, decoding included [1e15].
        peak_gb: most memory at once on the device [GB].
        predicted_s: time, from the measured speed of a matrix product [s].
        fits: whether the device has that much memory free.
    """

    preset: str
    memory: str
    petaflop: float
    peak_gb: float
    predicted_s: float
    fits: bool


def preset_costs(seconds: float, width: int = 512, height: int = 512, device: str = "auto") -> list[PresetCost]:
    """The cost of a clip of so many seconds with every preset, at normal and low memory.

    Raises:
        ConfigError: no such device.
    """
    from dicetalk.svd.cost import Work, compare_presets, free_bytes, measure_speed
    from dicetalk.svd.options import SvdOptions
    from dicetalk.svd.placement import pick_device, pick_precision

    place = pick_device(device)
    dtype = pick_precision("auto", place)
    speed, free = measure_speed(place, dtype), free_bytes(place)
    found = []
    for memory in ("normal", "low"):
        work = Work(SvdOptions(memory=memory), seconds, width, height, dtype, device=place.type)
        for name, cost in compare_presets(work).items():
            petaflop = (cost.denoising + cost.decoding) / 1e15
            found.append(PresetCost(name, memory, petaflop, cost.peak / 1e9, cost.seconds(speed), cost.peak <= free))
    return found


def as_records(costs: list[PresetCost]) -> list[dict[str, object]]:
    """The same for `--json`."""
    return [asdict(cost) for cost in costs]


def as_lines(costs: list[PresetCost], seconds: float) -> list[str]:
    """The same for people."""
    return [
        f"svd {c.preset}, memory {c.memory}: {c.peak_gb:.1f} GB{'' if c.fits else ' (does not fit)'}, "
        f"about {c.predicted_s:.0f} s for {seconds:g} s of speech ({c.petaflop:.1f} PFLOP)"
        for c in costs
    ]
