"""Output files: every reason why one cannot be written is found before the work begins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dicetalk.errors import MediaError
from dicetalk.media.files import claim_temporary, output_kind


def check_output(path: Path, kinds: dict[str, str], inputs: Sequence[Path]) -> None:
    """Make sure that a file can be written, by making one beside it and taking it away again.

    Args:
        path: the file to write later.
        kinds: the suffixes it may have.
        inputs: files that must not be overwritten.

    Raises:
        MediaError: another suffix, no such folder, a folder that cannot be written, or one of the inputs.
    """
    output_kind(path, kinds)
    for source in inputs:
        if _same(path, source):
            raise MediaError(f"{path} is an input and would be overwritten; choose another output name")
    claim_temporary(path).unlink()


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there; if that is wrong, reading it says so
        return False
