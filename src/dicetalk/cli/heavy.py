"""Commands that load networks: they end at once where a process may not take the memory which that needs."""

from __future__ import annotations

import os
import sys

import click

from dicetalk.errors import ConfigError

LEAST, EACH_CORE = 1_500_000_000, 64_000_000
"""Address space that a video of 256 px takes, and what the libraries set aside for each core [bytes]; with less of it
they end the process, or write lines of their own."""


class HeavyCommand(click.Command):
    """A command that loads networks."""

    def invoke(self, ctx: click.Context) -> object:
        """Run it.

        Raises:
            ConfigError: the process may take too little memory.
        """
        check_room(allowed())
        return super().invoke(ctx)


def allowed() -> float:
    """Address space that this process may take [bytes]."""
    if sys.platform == "win32":
        return float("inf")
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return float("inf") if limit == resource.RLIM_INFINITY else limit


def check_room(room: float) -> None:
    """Refuse to begin with too little address space [bytes].

    Raises:
        ConfigError: it is too little.
    """
    needed = LEAST + EACH_CORE * (os.cpu_count() or 1)
    if room < needed:
        raise ConfigError(
            f"a process may take {room / 1e9:.2f} GB of memory here and needs {needed / 1e9:.1f} GB; raise `ulimit -v`"
        )
