"""The examples of docs/extending.md, as they are shown there."""

from __future__ import annotations

import re
from typing import Any

from places import ROOT

from dicetalk.backbone import Kind

PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")


def example(word: str) -> dict[str, Any]:
    """What the example about a class defines."""
    blocks = [b for b in re.findall(r"^```py\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if f"class {word}" in b]
    names: dict[str, Any] = {}
    exec(compile(blocks[0], "docs/extending.md", "exec"), names)
    return names


load_fade = example("FadeBackbone")["load_fade"]
KIND = Kind(loads="extending_page:load_fade")
