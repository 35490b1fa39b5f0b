"""What stands for a key for a while: a cookie, since a page sends no header with `<video>`, a download or a socket."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable

COOKIE = "dicetalk"
LASTS = 3600
"""[s]"""
PATH = "/v1/session"
"""Where a key is changed for a cookie; a cookie is not enough there, else it would last for ever."""


class Sessions:
    """Makes and knows the cookies of one run of a server: `WHEN.SIGNATURE`, signed by a secret that is kept nowhere."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Those of a new secret, by a clock [s since 1970]."""
        self._secret, self._clock = secrets.token_bytes(32), clock

    def new(self) -> str:
        """A cookie's value."""
        ends = str(int(self._clock()) + LASTS)
        return f"{ends}.{self._signed(ends)}"

    def holds(self, value: str) -> bool:
        """Whether a cookie is ours and still holds; compared in constant time."""
        ends, _, signature = value.partition(".")
        is_ours = hmac.compare_digest(signature.encode(), self._signed(ends).encode())
        return is_ours and self._clock() < int(ends)

    def _signed(self, ends: str) -> str:
        return hmac.new(self._secret, ends.encode(), "sha256").hexdigest()
