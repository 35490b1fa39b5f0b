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
UNTRUSTED = 5
"""Intact, but not signed by somebody whom `--trust` names."""
EXAMPLES = """\b
Examples:
  dicetalk verify out.mp4
  dicetalk verify out.mp4 --json
  dicetalk verify out.mp4 --trust roots.pem
"""


@click.command(epilog=EXAMPLES)
@click.argument("video", type=FILE)
@click.option(
    "--trust", metavar="PEM", type=FILE, help="Certificates of those who may vouch for a signer: roots, or self-signed."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def verify(context: click.Context, video: Path, trust: Path | None, as_json: bool) -> None:
    """Tell whether VIDEO, or a picture, is as it was when it was made.

    Ends with exit code 0 if it is intact, 3 if it was marked and has changed since, 4 if it carries no mark, 5 if it is
    intact and nobody whom --trust names vouches for its signer, 2 if it cannot be read.
    """
    from dicetalk.marks.verdict import verify as look

    found = look(video, trust)
    print(json.dumps({"file": str(video)} | found.to_json()) if as_json else printable(_line(video, found, trust)))
    doubted = found.state == "intact" and trust is not None and not found.trusted
    context.exit(UNTRUSTED if doubted else EXIT_CODES[found.state])


def _line(video: Path, found: Verdict, trust: Path | None) -> str:
    by = f"; made by {found.tool}" if found.tool else ""
    nobody = ", for whom nobody vouches" if trust is None else f", for whom nobody in {trust} vouches"
    vouched = "" if found.trusted else nobody
    signer = f"; signed by {found.signer or 'an unknown key'}{vouched}" if found.signed else ""
    origin = found.origin or {}
    voice = f"; voice changed: {origin['changed_voice']}" if origin.get("changed_voice") else ""
    consent = f"; consent: {origin['consent']}" if origin.get("consent") else ""
    return f"{video}: {found.state}: {found.why}{by}{signer}{voice}{consent}"
