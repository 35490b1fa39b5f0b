"""A repository of the Hugging Face hub as a folder of this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dicetalk.errors import CheckpointError, require

REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
"""The name of one: its owner and its own."""
WANTED = ("*.json", "*.safetensors", "*.md")
"""What is fetched and given: no program and no pickle."""


def local_folder(name: str) -> Path:
    """The folder of a name: itself where there is one, else what is fetched of the repository so called.

    Raises:
        CheckpointError: neither a folder nor a repository that can be fetched.
        MissingExtraError: huggingface_hub is not installed.
    """
    if Path(name).is_dir() or not REPOSITORY.fullmatch(name):
        return Path(name)
    return fetch(name)


def fetch(repository: str, folder: Path | None = None) -> Path:
    """Fetch a repository.

    Args:
        repository: "OWNER/NAME".
        folder: where it goes: none, an empty one, or one that it was begun in; None is the hub's own cache.

    Raises:
        CheckpointError: there is no network, no such repository, or no access.
        MissingExtraError: huggingface_hub is not installed.
    """
    require("huggingface_hub", "svd")
    from huggingface_hub import snapshot_download

    with told_of_hub(f"{repository} could not be fetched", "fetch it where there is a network, or give a folder"):
        return Path(snapshot_download(repository, allow_patterns=list(WANTED), local_dir=folder))


@contextmanager
def told_of_hub(what: str, remedy: str) -> Iterator[None]:
    """Tell in one line what the hub refuses.

    Raises:
        CheckpointError: it does.
    """
    try:
        yield
    except Exception as error:
        if not _is_of_hub(error):
            raise
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{what} ({type(error).__name__}: {reason}); {remedy}") from None


def _is_of_hub(error: Exception) -> bool:
    """Whether an error tells of network, access or a name: some are of the library by which the hub is asked."""
    asked_by = type(error).__module__.partition(".")[0]
    return isinstance(error, (OSError, RuntimeError, ValueError)) or asked_by in ("httpx", "httpx2", "requests")
