"""A server with keys, as a page uses it: the key once, then a cookie."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from served import serving
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

pytestmark = pytest.mark.timeout(300)

KEY = "k" * 24


def test_a_page_asks_with_a_cookie(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(KEY)
    with serving(tmp_path / "data", "--keys", str(tmp_path / "keys")) as server:
        with_key = {"Authorization": f"Bearer {KEY}"}
        assert server.asks.get("/v1/videos").status_code == 401
        assert server.asks.post("/v1/session").status_code == 401
        begun = server.asks.post("/v1/session", headers=with_key)
        told = begun.headers["set-cookie"].lower()
        assert begun.status_code == 204 and KEY not in told
        assert {"httponly", "samesite=strict", "path=/v1", "max-age=3600"} <= set(told.split("; "))
        assert server.asks.get("/v1/videos").status_code == 200  # the client keeps the cookie
        assert server.asks.post("/v1/session").status_code == 401
        opens_with_a_cookie(server.url, f"dicetalk={server.asks.cookies['dicetalk']}")
        ended = server.asks.delete("/v1/session", headers=with_key)
        assert ended.status_code == 204 and "max-age=0" in ended.headers["set-cookie"].lower()
        with httpx.Client(base_url=server.url) as other:
            assert other.get("/v1/videos", headers=with_key).status_code == 200


def opens_with_a_cookie(url: str, cookie: str) -> None:
    """A socket opens, and tells what is wrong with the first message."""
    live = url.replace("http", "ws") + "/v1/live"
    with pytest.raises(InvalidStatus, match="403"):
        connect(live, proxy=None, open_timeout=60)
    with connect(live, proxy=None, open_timeout=60, additional_headers={"Cookie": cookie}) as socket:
        socket.send("{}")
        assert "there is no portrait" in json.loads(socket.recv(timeout=60))["error"]
