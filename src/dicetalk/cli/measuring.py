"""By whom and by what videos are measured: judges, networks, processes. The same options wherever that is done."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dicetalk.cli.paths import FILE
from dicetalk.cli.streams import printable

if TYPE_CHECKING:
    from dicetalk.data.clip import Dropped
    from dicetalk.evaluation.clip_set import Options

DECLARED = (
    click.option(
        "--judge",
        "judges",
        metavar="COMMAND",
        multiple=True,
        help="Ask another program which emotion is shown: {frames} in COMMAND becomes a folder of frames (PNG), and "
        'it prints a JSON object of probabilities, {"happy": 0.7, ...}. It is run for each clip, without a shell. Once '
        "for each judge.",
    ),
    click.option(
        "--face-network", type=FILE, help="A network that knows faces, for identity (CSIM): .onnx or TorchScript."
    ),
    click.option("--fid-network", type=FILE, help="Inception, for FID, likewise."),
    click.option("--fvd-network", type=FILE, help="I3D, for FVD, likewise."),
    click.option("--sync-network", type=FILE, help="SyncNet, for LSE-D and LSE-C, likewise."),
    click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes."),
)


@dataclass(frozen=True)
class MeasuredBy:
    """What was typed.

    Attributes:
        judges: commands.
        networks: files by the names of `Networks`.
        workers: processes.
    """

    judges: tuple[str, ...]
    networks: dict[str, Path | None]
    workers: int

    def options(self, **others: Any) -> Options:
        """How videos are measured; `others` are further options.

        Raises:
            ConfigError: a judge cannot be asked.
        """
        from dicetalk.evaluation.appearance import Networks
        from dicetalk.evaluation.clip_set import Options
        from dicetalk.evaluation.judge import judge_of

        judges = tuple(judge_of(command) for command in self.judges)
        return Options(judges=judges, networks=Networks(**self.networks), workers=self.workers, **others)


def measuring(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options; its function gets them as one `measured_by: MeasuredBy`."""

    @wraps(function)
    def packed(**values: Any) -> None:
        networks = {name: values.pop(f"{name}_network") for name in ("face", "fid", "fvd", "sync")}
        typed = MeasuredBy(values.pop("judges"), networks, values.pop("workers"))
        function(**values, measured_by=typed)

    for declare in reversed(DECLARED):
        packed = declare(packed)
    return packed


def check_folder(output: Path) -> None:
    """Make the folder, and make sure that it can be written.

    Raises:
        MissingExtraError: nothing can be drawn.
        MediaError: it cannot be made or written.
    """
    from dicetalk.errors import require
    from dicetalk.evaluation.report import MARKDOWN
    from dicetalk.files import check_output, writing

    require("matplotlib", "eval")
    with writing(output):
        output.mkdir(parents=True, exist_ok=True)
    check_output(output / MARKDOWN, {".md": "Markdown"}, [])


def left_out(drop: Dropped) -> None:
    """Tell of a clip that is left out."""
    print(printable(f"left out: {drop.file.name}: {drop.reason}"), file=sys.stderr)
