"""`dicetalk serve`: the page, and jobs by REST."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FILE, FOLDER
from dicetalk.cli.streams import printable

EXAMPLES = """\b
Examples:
  dicetalk serve
  dicetalk serve --data work/ --workers 2 --port 9000
  dicetalk serve --host 0.0.0.0 --keys keys.txt --allow-host talk.example.org
"""

PACKAGES = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")


@click.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at; 0.0.0.0 for all.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--data", default="dicetalk-data", show_default=True, type=FOLDER, help="The folder of its jobs.")
@click.option("--workers", default=1, show_default=True, help="Videos that are made at a time.")
@click.option("--queue", default=100, show_default=True, help="Most jobs that wait.")
@click.option("--most-mb", default=200.0, show_default=True, help="Largest request [MB].")
@click.option("--most-seconds", default=600.0, show_default=True, help="Longest recording [s].")
@click.option("--most-megapixels", default=55.0, show_default=True, help="Largest picture.")
@click.option("--keep", default=24.0, show_default=True, help="How long results and files stay [hours].")
@click.option("--keys", type=FILE, metavar="FILE", help="Who asks must have one of these keys, one a line.")
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="A name of this server, besides addresses.")
@click.option("--ask-consent", is_flag=True, help="Every job must say who agreed (`consent`).")
def serve(
    host: str,
    port: int,
    data: Path,
    workers: int,
    queue: int,
    most_mb: float,
    most_seconds: float,
    most_megapixels: float,
    keep: float,
    keys: Path | None,
    hosts: tuple[str, ...],
    ask_consent: bool,
) -> None:
    """Serve a page and jobs by REST; docs/server.md says what it answers.

    Jobs lie in the folder given by --data, and outlive the server, however it ends. Without --keys, whoever reaches the
    address may use it.
    """
    from dicetalk.errors import require

    for package in PACKAGES:
        require(package, "web")
    from dicetalk.server.listening import listen
    from dicetalk.server.options import ServerOptions, read_keys

    options = ServerOptions(
        data=data,
        workers=workers,
        queue=queue,
        most_mb=most_mb,
        most_seconds=most_seconds,
        most_megapixels=most_megapixels,
        keep_hours=keep,
        keys=() if keys is None else read_keys(keys),
        hosts=tuple(name.lower() for name in hosts),
        ask_consent=ask_consent,
    )
    listen(options, host, port, lambda url: print(printable(f"serving {url} (Ctrl-C ends it)"), file=sys.stderr))
