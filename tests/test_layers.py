"""Imports point down only: what lies below never knows what lies above."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import dicetalk

SOURCE = Path(dicetalk.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))

# From the bottom up. A module is known by the first name below `dicetalk`.
ROWS = (
    {"arrays", "easing", "errors", "rates", "signals", "threads"},
    {"checks", "commands", "cluster"},
    {"files", "amounts"},
    {"assets", "checkpoints", "config", "media", "modules", "networks"},
    {"emotion", "sampling", "speech", "face", "motion", "marks", "low_rank"},
    {"words", "scene"},  # what is said, found again in what is heard; what a picture suggests
    {"backbone"},  # the contract: what it hands over holds a Face
    {"portrait", "svd"},
    {"acting", "tracking", "hub"},
    # a voice heard and a face seen; turns of several people; how strongly a voice tells
    {"recording", "diffusion", "conversation", "reply", "voice"},
    {"sources"},
    {"speakers", "live", "video", "reading"},
    {"pipeline", "official", "data", "jobs"},
    {"training"},
    {"making", "evaluation"},  # evaluation measures all the others
    {"batch", "server", "dialogue"},
    {"cli"},
)

OF_THE_PACKAGE = {"__version__", "__file__"}
"""Names that are no module."""


def row(module: str) -> int:
    """From the bottom; the way in stands above all."""
    return next((number for number, names in enumerate(ROWS) if module in names), len(ROWS))


def part(file: Path) -> str:
    """`portrait/rig.py` -> `portrait`; the package's own `__init__.py` -> `__init__`."""
    return file.relative_to(SOURCE).with_suffix("").parts[0]


def imported(tree: ast.AST) -> set[str]:
    """The parts of dicetalk that a file imports anywhere, in functions and for type checking too."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a name comes from"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    inside = [name.split(".") for name in names if name.startswith("dicetalk.")]
    return {name[1] for name in inside}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_imports_point_down(file: Path) -> None:
    here = part(file)
    if here in ("__init__", "__main__"):
        return  # the public names and the way in stand above all
    for other in imported(ast.parse(file.read_text(encoding="utf-8"))) - {here}:
        assert other in OF_THE_PACKAGE or row(other) < row(here), f"{here} imports {other}"


def test_every_part_has_a_row() -> None:
    parts = {part(file) for file in FILES} - {"__init__", "__main__"}
    assert parts <= set.union(*ROWS)


def test_the_rule_is_seen_to_bite() -> None:
    tree = ast.parse("def f():\n    from dicetalk.pipeline import load\n    import dicetalk.cli\n")
    assert imported(tree) == {"pipeline", "cli"}
    assert row("pipeline") > row("media")
    assert imported(ast.parse("from dicetalk.__main__ import main")) == {"__main__"}
    assert row("__main__") > row("cli")
