"""The options of the svd backbone on the command line: declared once, told apart in the help, refused for others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import wraps
from pathlib import Path
from typing import Any

import click

from dicetalk.backbone import KINDS
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FILE
from dicetalk.errors import ConfigError
from dicetalk.svd.options import CHOICES, SvdOptions


@dataclass(frozen=True)
class SvdRequest:
    """What was typed for the svd backbone.

    Attributes:
        given: values by name, as in `SvdOptions`; only those that were typed.
        preview: the picture to rewrite after each denoising step.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    preview: Path | None = None

    def refuse_for(self, backbone: str) -> None:
        """Tell whoever asks another backbone for what only svd can do.

        Raises:
            ConfigError: something was typed and the backbone has no options.
        """
        typed = [*self.given, *(["preview"] if self.preview else [])]
        if typed and backbone in KINDS and not KINDS[backbone].options:
            raise ConfigError(
                f"--{typed[0].replace('_', '-')} is an option of the svd backbone, and {backbone} draws here; "
                "add --backbone svd (or a checkpoint's folder), or leave the option out"
            )


class SvdOption(click.Option):
    """An option that the help shows in a section of its own."""


class CommandWithSvd(HeavyCommand):
    """A command whose help tells the options of the svd backbone from the others."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write both sections."""
        shown = [(p, p.get_help_record(ctx)) for p in self.get_params(ctx) if isinstance(p, click.Option)]
        ours = [record for p, record in shown if record and not isinstance(p, SvdOption)]
        svd = [record for p, record in shown if record and isinstance(p, SvdOption)]
        for title, records in (("Options", ours), ("Options with --backbone svd", svd)):
            with formatter.section(title):
                formatter.write_dl(records)


def _choice(name: str, help: str) -> Callable[..., Any]:
    return click.option(f"--{name.replace('_', '-')}", cls=SvdOption, type=click.Choice(CHOICES[name]), help=help)


def _scale(name: str, help: str) -> Callable[..., Any]:
    return click.option(f"--{name}-scale", cls=SvdOption, metavar="X", type=float, help=help)


DECLARED = (
    _choice("preset", "What is spent; best is what was published, with --exact just as long.  [default: balanced]"),
    _scale("speech", "How far the lips are pushed to follow the speech, 1 is not at all.  [default: 6]"),
    _scale("emotion", "How far the emotion is pushed, 1 is not at all.  [default: 6]"),
    _scale("image", "How far the portrait's look is pushed, 1 is not at all.  [default: 3]"),
    _choice("frame", "Animate the whole picture, or the square around the face, pasted back.  [default: whole]"),
    _choice("memory", "low keeps on the device only the network in use; the same frames.  [default: normal]"),
    click.option("--device", cls=SvdOption, help="cpu, cuda, cuda:1, mps.  [default: auto, the best there is]"),
    _choice("precision", "auto is float16 on a GPU, float32 on the processor.  [default: auto]"),
    click.option("--steps", cls=SvdOption, metavar="N", type=int, help="Denoising steps, in place of the preset's."),
    click.option(
        "--short-side", cls=SvdOption, metavar="PX", type=int, help="Short side of what is denoised.  [default: 512]"
    ),
    _choice("no_emotion", "What emotion is pushed away from: as published, as trained, neutral.  [default: release]"),
    click.option(
        "--exact",
        cls=SvdOption,
        is_flag=True,
        default=None,
        help="No more frames than was published: the last 120 ms may see a still.",
    ),
    click.option("--compile", cls=SvdOption, is_flag=True, default=None, help="Compile first, which takes minutes."),
    click.option(
        "--preview",
        cls=SvdOption,
        metavar="PNG",
        type=FILE,
        help="A rough look at the clip, written again after each denoising step.",
    ),
)


def svd_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of the svd backbone; its function gets them as one `svd: SvdRequest`."""

    @wraps(function)
    def packed(**values: Any) -> None:
        taken = {option.name: values.pop(option.name) for option in fields(SvdOptions)}
        given = {name: value for name, value in taken.items() if value is not None}
        request = SvdRequest(given, values.pop("preview"))
        function(**values, svd=request)

    for declare in reversed(DECLARED):
        packed = declare(packed)
    return packed
