"""The options of marks of origin and consent, for commands that write videos."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from dicetalk.cli.paths import FILE

DECLARED = (
    click.option(
        "--marks",
        type=click.Choice(("signed", "plain", "none")),
        help="Of origin: signed content credentials (C2PA) and XMP, XMP with a checksum, or nothing.  [default: signed "
        "where the extra 'provenance' is installed, else plain]",
    ),
    click.option("--consent", metavar="TEXT", help="Who agreed to what; kept in the marks, where anybody can read it."),
    click.option("--visible-mark", is_flag=True, help='Write "AI generated" into a corner of every frame.'),
    click.option(
        "--sign-key",
        metavar="PEM",
        type=FILE,
        help="Sign with this key.  [default: one for development, made at first run in your settings' folder]",
    ),
    click.option("--sign-certificate", metavar="PEM", type=FILE, help="Its certificates, the signer's first."),
)
NAMES = ("marks", "consent", "visible_mark", "sign_key", "sign_certificate")
"""Of the options and of the fields of a job."""


def marks_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options; its function gets them as one `marking`, fields of a job by name."""

    @wraps(function)
    def packed(**values: Any) -> None:
        function(**{"marking": {name: values.pop(name) for name in NAMES}} | values)

    for declare in reversed(DECLARED):
        packed = declare(packed)
    return packed
