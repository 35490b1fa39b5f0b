"""Give a folder of weights, saved in diffusers' manner, to a repository of the Hugging Face hub."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Protocol

from dicetalk.checkpoints import INDEX
from dicetalk.errors import ConfigError, require
from dicetalk.files import whole
from dicetalk.hub.card import card_of
from dicetalk.hub.fetch import REPOSITORY, told_of_hub
from dicetalk.svd.parts import PARTS
from dicetalk.svd.pretrained import CARD, Progress, check_pretrained

LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]*")


class Hub(Protocol):
    """What is asked of the hub; `huggingface_hub.HfApi` is one."""

    def create_repo(self, repo_id: str, *, private: bool, exist_ok: bool) -> Any:
        """Make a repository, if it is not there; what is given back reads as its address."""
        ...

    def upload_folder(self, *, repo_id: str, folder_path: str, allow_patterns: list[str], commit_message: str) -> Any:
        """Bring the files of a folder into it."""
        ...


def push(
    folder: Path,
    repository: str,
    licence: str,
    *,
    private: bool = True,
    hub: Hub | None = None,
    progress: Progress | None = None,
) -> str:
    """Check a folder, write its card unless it has one, and give both to the hub.

    Args:
        folder: as `save_pretrained` writes it.
        repository: "OWNER/NAME"; made if it is not there.
        licence: as the hub names it, `cc-by-nc-sa-4.0`.
        private: whether only its owner sees one that is made.
        hub: whom it is given to; None is the Hugging Face hub, as whoever is logged in there.
        progress: is told of every part that is checked.

    Returns:
        Where it lies now.

    Raises:
        ConfigError: the repository's name or the licence's is none, or the card that is there names another licence.
        CheckpointError: the folder is incomplete, damaged or holds pickles; or the hub refuses it.
        MissingExtraError: huggingface_hub is not installed.
    """
    if not REPOSITORY.fullmatch(repository):
        raise ConfigError(f"{repository!r} is no name of a repository; expected OWNER/NAME")
    if not LICENCE.fullmatch(licence):
        raise ConfigError(f"{licence!r} is no name of a licence on the hub; expected one such as cc-by-nc-sa-4.0")
    require("huggingface_hub", "svd")
    checkpoint = check_pretrained(folder, progress)
    if (folder / CARD).exists():
        _check_licence(folder / CARD, licence)
    else:
        with whole(folder / CARD) as hidden:
            hidden.write_text(card_of(repository, checkpoint.config, licence), encoding="utf-8")
    with told_of_hub(f"{repository} could not be given to the hub", "log in by `hf auth login`, and try again"):
        given = hub or _hub()
        address = given.create_repo(repository, private=private, exist_ok=True)
        message = f"Weights of {folder.resolve().name}"
        given.upload_folder(
            repo_id=repository, folder_path=str(folder), allow_patterns=_given(), commit_message=message
        )
    return str(address)


def _given() -> list[str]:
    """What is given of a folder: the parts, the index and the card, and nothing that lies beside them."""
    return [INDEX, CARD, *(name for part in PARTS for name in (f"{part.folder}/config.json", part.weights))]


def _check_licence(card: Path, licence: str) -> None:
    from huggingface_hub import ModelCard

    with told_of_hub(f"{card} cannot be read as a card", "mend what stands between its two lines ---, or remove it"):
        named = ModelCard.load(card, ignore_metadata_errors=True).data.license
    if named is not None and named != licence:
        raise ConfigError(f"{card} says that the licence is {named}, not {licence}; change the card, or --licence")


def _hub() -> Hub:
    from huggingface_hub import HfApi

    api: Hub = HfApi()
    return api
