"""Write docs/cli.md from the help of the commands: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dicetalk.cli import cli

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
HEAD = """# The command line

Written by `make docs` from the help of the commands; change it there.

Messages and progress go to standard error, progress only if that is a terminal. With `--json` standard output gets one
JSON object and nothing else: `output`, `frames`, `fps`, `width`, `height`, `seconds`, `elapsed_s`, `seed`, `emotion`,
`backbone`, `marks`, and `motion_out`, `words`, `feelings` and `speakers` if asked for; or, of an error, `error`, `kind` and, where faces
were looked for, `faces`: the boxes (left, top, right, bottom) of those that were found.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | our fault: the line says how to report it |
| 2 | you can fix it: one line says what was found, what was expected and what to do next |
| 3, 4 | of `dicetalk verify`: changed, unmarked |
| 130, 143 | stopped by Ctrl-C, or asked to end; nothing unfinished is left behind |

`DICETALK_DEBUG=1` shows the traceback of an error.
"""


def page() -> str:
    """The whole of docs/cli.md."""
    whole = click.Context(cli, info_name="dicetalk", terminal_width=100, **cli.context_settings)
    sections = [_section(whole)]
    for name in cli.list_commands(whole):
        command = cli.get_command(whole, name)
        assert command is not None
        sections.append(_section(click.Context(command, info_name=name, parent=whole, terminal_width=100)))
    return "\n".join([HEAD, *sections])


def _section(context: click.Context) -> str:
    return f"## {context.command_path}\n\n```text\n{context.command.get_help(context)}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}", file=sys.stderr)
