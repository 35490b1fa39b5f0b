"""Commands that learn or use what was learned need torch."""

from __future__ import annotations

from importlib.util import find_spec

from dicetalk.errors import MissingExtraError


def need_torch() -> None:
    """Say which extra to install where torch is absent.

    Raises:
        MissingExtraError: torch is not installed.
    """
    if find_spec("torch") is None:
        raise MissingExtraError("torch", "train")
