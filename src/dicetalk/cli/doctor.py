"""`dicetalk doctor`: what this machine can run, what is missing, what it costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.backbone import DEFAULT, KINDS, Place, find_backbone, named
from dicetalk.cli.failures import YOURS_TO_FIX
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.tables import table
from dicetalk.errors import ConfigError, DiceTalkError, how_to_get

if TYPE_CHECKING:
    from dicetalk.evaluation.forecast import Forecast
    from dicetalk.evaluation.machine import Check
    from dicetalk.evaluation.speed import Speed

EXAMPLES = """\b
Examples:
  dicetalk doctor
  dicetalk doctor --json
  dicetalk doctor --backbone svd --seconds 10      peak memory and time of each preset, before anything is loaded
"""

SHORTEST, LONGEST = 0.2, 86_400.0
"""Of the speech that is predicted for [s]."""


@dataclass(frozen=True)
class Report:
    """All that was found.

    Attributes:
        backbone: the kind of what would draw.
        checks: what was looked at.
        speed: measured; None if it cannot run, or is forecast.
        forecast: predicted; None if it cannot run, or is measured.
    """

    backbone: str
    checks: list[Check]
    speed: Speed | None = None
    forecast: Forecast | None = None

    @property
    def able(self) -> bool:
        """Whether videos can be made here."""
        return all(check.ok for check in self.checks) and (self.forecast is None or self.forecast.able)


@click.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.option(
    "--backbone",
    default=DEFAULT,
    show_default=True,
    help=f"What would draw: {', '.join(KINDS)}, or a checkpoint's folder.",
)
@click.option(
    "--seconds",
    default=10.0,
    show_default=True,
    help="Length of speech to predict for.",
)
@click.option("--device", help="Where svd would run: cpu, cuda, cuda:1, mps.  [default: auto, the best there is]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def doctor(context: click.Context, backbone: str, seconds: float, device: str | None, as_json: bool) -> None:
    """Tell what this machine can run, what is missing and what it would cost.

    Ends with exit code 0 if videos can be made here, else 2. For rules one second of video is made to measure the
    speed; for svd operations, peak memory and time are predicted, whether its weights are here or not.
    """
    if not SHORTEST <= seconds <= LONGEST:  # NaN is not either
        raise ConfigError(f"--seconds is {seconds:g}; use {SHORTEST:g} to {LONGEST:g}, a day")
    place = _place(backbone)
    if device is not None and not place.kind.forecast:
        raise ConfigError(f"--device is for the svd backbone, and {place.name} draws here; add --backbone svd")
    report = _forecast(place, seconds, device or "auto") if place.kind.forecast else _measured(place, seconds)
    if as_json:
        print(json.dumps(_record(report)))
    else:
        _print_report(report)
    context.exit(0 if report.able else YOURS_TO_FIX)


def _place(backbone: str) -> Place:
    """Where a backbone comes from; a kind whose checkpoint is not here yet can be told about all the same."""
    return find_backbone(backbone) if backbone not in KINDS or _here(KINDS[backbone].folder) else Place(backbone, None)


def _here(folder: str | None) -> bool:
    return folder is not None and Path(folder).is_dir()


def _measured(place: Place, seconds: float) -> Report:
    from dicetalk.evaluation.machine import Check, common_checks
    from dicetalk.evaluation.speed import measure

    checks = common_checks()
    if not all(check.ok for check in checks):
        return Report(place.name, checks)
    try:
        return Report(place.name, checks, measure(place.name, seconds))
    except DiceTalkError as error:  # a failure to make a video is one more finding
        return Report(place.name, [*checks, Check("one second of video", False, str(error), "see the line itself")])


def _forecast(place: Place, seconds: float, device: str) -> Report:
    from dicetalk.evaluation.machine import Check, common_checks, package, required

    extra = place.kind.extra
    packages = [package(name) for name in required(extra)]
    missing = [replace(check, hint=how_to_get(extra)) for check in packages if not check.ok]
    if missing:
        return Report(place.name, [*common_checks(), *missing])
    found = f"in {place.folder}" if place.folder else "not here yet: see `dicetalk weights`"
    checks = [*common_checks(), *packages, Check("weights", True, found)]
    return Report(place.name, checks, forecast=named(place.kind.forecast)(place.folder, seconds, device))


def _record(report: Report) -> dict[str, object]:
    from dicetalk.evaluation.machine import missing_extras

    return {
        "ok": report.able,
        "backbones": {report.backbone: report.able},
        "checks": [asdict(check) for check in report.checks],
        "speed": asdict(report.speed) if report.speed else None,
        "forecast": asdict(report.forecast) if report.forecast else None,
        "missing_extras": missing_extras(),
    }


def _print_report(report: Report) -> None:
    from rich.console import Console

    from dicetalk.cli.forecast import cost_table

    rows = [("ok" if c.ok else "NO", c.name, c.found, "" if c.ok else c.hint) for c in report.checks]
    console = Console(highlight=False)
    console.print(table(("", "what", "found", "what to do"), rows))
    if report.forecast is not None:
        console.print(cost_table(report.forecast))
    for line in _conclusion(report):
        console.print(line, markup=False, soft_wrap=True)


def _conclusion(report: Report) -> Iterator[str]:
    from dicetalk.cli.forecast import conclusion
    from dicetalk.evaluation.machine import missing_extras

    name, speed = report.backbone, report.speed
    yield f"the {name} backbone can run here" if report.able else f"the {name} backbone cannot run here: see NO above"
    if report.forecast is not None:
        yield from conclusion(report.forecast)
    if speed is not None:
        memory = f", memory {speed.memory_mb} MB" if speed.memory_mb else ""
        yield (
            f"speed: {speed.frames_per_s:.0f} frames a second at {speed.size}, {speed.start_s:.1f} s to start{memory}; "
            f"{speed.speech_s:g} s of speech take about {speed.predicted_s:.0f} s"
        )
    for extra, packages in missing_extras().items():
        yield f"not installed: {', '.join(packages)}; to install: {how_to_get(extra)}"
