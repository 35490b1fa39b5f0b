"""Files on their way in."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from bare_server import asking

from dicetalk.server.places import Places
from dicetalk.server.problems import MEDIA_TYPE
from dicetalk.server.uploads import Uploads


@pytest.mark.parametrize(("way", "sent"), [("uploads", {"content": b"x"}), ("faces", {"files": {"portrait": b"x"}})])
def test_a_file_that_cannot_be_kept_is_no_fault_of_who_sends_it(tmp_path: Path, way: str, sent: dict[str, Any]) -> None:
    nowhere = cast(Any, SimpleNamespace())
    with asking(uploads=Uploads(Places(tmp_path / "gone"), nowhere, nowhere, 1, 1)) as ask:
        answer = ask("POST", f"/v1/{way}", **sent)
    assert answer.status_code == 503 and answer.headers["content-type"] == MEDIA_TYPE
    assert "retry-after" in answer.headers and "gone" not in answer.text
