"""Nothing needs POSIX without another way: what only some systems have is asked for first."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from places import ROOT

FILES = sorted((ROOT / "src").rglob("*.py"))
ABSENT_ON_WINDOWS = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty"}
"""Modules."""
ASKED_FOR = {"os.fork", "os.geteuid", "os.getuid", "os.mkfifo", "os.sched_getaffinity", "os.sysconf", "os.uname"}
"""Functions."""
SIGNALS = {"signal.SIGHUP", "signal.SIGKILL", "signal.SIGPIPE", "signal.SIGQUIT", "signal.SIGUSR1", "signal.alarm"}


def dotted(node: ast.Attribute) -> str:
    return f"{node.value.id}.{node.attr}" if isinstance(node.value, ast.Name) else ""


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT / "src" / "dicetalk")))
def test_what_is_not_everywhere_is_asked_for_first(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    used = {dotted(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for function in used & (ASKED_FOR | SIGNALS):
        module, _, attribute = function.partition(".")
        assert f'hasattr({module}, "{attribute}")' in text, function
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    if imported & ABSENT_ON_WINDOWS:
        assert "sys.platform ==" in text, imported


def test_paths_are_paths() -> None:
    for file in FILES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        assert not [s for s in strings if isinstance(s, str) and s.startswith(("/tmp", "/dev", "/home", "/usr"))], file
