"""Write docs/openapi.json, what the server takes and answers: `make docs`."""

from __future__ import annotations

import json
from pathlib import Path

from dicetalk.server.app import make_app
from dicetalk.server.options import ServerOptions

PAGE = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"


def page() -> str:
    """The whole of docs/openapi.json."""
    return json.dumps(make_app(ServerOptions(data=Path("data"))).openapi(), indent=1) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
