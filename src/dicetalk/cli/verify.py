"""`dicetalk verify`: a video -> whether it is as it was when it was made, and from what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.paths import FILE
from dicetalk.cli.streams import printable

if TYPE_CHECKING:
    from dicetalk.marks.verdict import Verdict

EXIT_CODES = {"intact": 0, "changed": 3, "unmarked": 4}
EXAMPLES = """\b
Examples:
  dicetalk verify out.mp4
  dicetalk verify out.mp4 --json
"""


@click.command(epilog=EXAMPLES)
@click.argument("video", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def verify(context: click.Context, video: Path, as_json: bool) -> None:
    """Tell whether VIDEO, or a picture of numbered ones, is as it was when it was made.

    Ends with exit code 0 if it is intact, 3 if it was marked and has changed since, 4 if it carries no mark, 2 if it
    cannot be read.
    """
    from dicetalk.marks.verdict import verify as look

    found = look(video)
    print(json.dumps({"file": str(video)} | found.to_json()) if as_json else printable(_line(video, found)))
    context.exit(EXIT_CODES[found.state])


def _line(video: Path, found: Verdict) -> str:
    by = f"; made by {found.tool}" if found.tool else ""
    vouched = "" if found.trusted else ", for whom nobody vouches"
    signer = f"; signed by {found.signer or 'an unknown key'}{vouched}" if found.signed else ""
    consent = (found.origin or {}).get("consent")
    return f"{video}: {found.state}: {found.why}{by}{signer}" + (f"; consent: {consent}" if consent else "")
