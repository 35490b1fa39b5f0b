"""How the forecast of a backbone's cost is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dicetalk.backbone import DEFAULT
from dicetalk.cli.tables import table
from dicetalk.evaluation.forecast import SIDE, Forecast

if TYPE_CHECKING:
    from rich.table import Table


def cost_table(found: Forecast) -> Table:
    """The same for people."""
    on_gpu = ("on a GPU",) if found.device == "cpu" else ()
    head = ("preset", "memory", "PFLOP", f"peak, {found.device}", "fits", f"time, {found.device}", *on_gpu)
    rows = []
    for c in found.costs:
        time = f"about {duration(c.predicted_s)}"
        gpu = (f"{c.gpu_peak_gb:.1f} GB",) if on_gpu else ()
        fits = "yes" if c.fits else "NO"
        rows.append((c.preset, c.memory, f"{c.petaflop:.2f}", f"{c.peak_gb:.1f} GB", fits, time, *gpu))
    return table(head, rows)


def duration(seconds: float) -> str:
    """A length of time in the unit that suits it."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.{0 if seconds >= 10 * length else 1}f} {unit}"
    return f"{seconds:.0f} s"


def conclusion(found: Forecast) -> Iterator[str]:
    """What follows from the table, in lines."""
    yield (
        f"predicted for {found.seconds:g} s of speech and a picture of {SIDE} x {SIDE}, {found.precision}; "
        f"{found.free_gb:.1f} GB are free on {found.device}; nothing was loaded"
    )
    fitting = [c for c in found.costs if c.fits]
    if not fitting:
        yield f"no preset fits here; {found.advice}"
        return
    names = ", ".join(f"--preset {c.preset}" + (" --memory low" if c.memory == "low" else "") for c in fitting[:3])
    yield f"fits here: {names}"
    if found.device == "cpu":
        yield f"without a GPU this backbone is of little use: the {DEFAULT} backbone takes seconds"
