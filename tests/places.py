"""Where things lie that tests read."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
"""The repository."""
SHARED = ROOT.parent / "shared"
"""Data beside the repository, which a user's clone does not have."""
PORTRAITS = ROOT / "docs" / "pictures" / "portraits"
