"""One word, one thing (CONTRIBUTING has the glossary): names that were given up do not come back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import ROOT

GIVEN_UP = {
    "mood": "feeling",
    "moods": "feelings",
    "listener": "embedder",
    "motion_backbone": "rules",
    "utils": "a noun",
    "common": "a noun",
    "registry": "table",
    "img": "picture",
    "image_size": "size",
    "wav": "waveform",
    "landmark_list": "landmarks",
}
"""Identifiers, and what to say instead."""

FILES = sorted((ROOT / "src").rglob("*.py"))


def identifiers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT / "src" / "dicetalk")))
def test_words_that_were_given_up(file: Path) -> None:
    found = {name.lower().strip("_") for name in identifiers(ast.parse(file.read_text(encoding="utf-8")))}
    assert not {f"{name}: say {GIVEN_UP[name]}" for name in found & GIVEN_UP.keys()}
    assert file.stem not in GIVEN_UP
