"""Weights given to others: a folder stands for the hub, which is never asked."""

from __future__ import annotations

import shutil
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from command_line import dicetalk as typed

import dicetalk
from dicetalk.checkpoints import open_checkpoint
from dicetalk.errors import CheckpointError, ConfigError
from dicetalk.hub.fetch import fetch
from dicetalk.hub.push import push
from dicetalk.svd.parts import PARTS, open_svd
from dicetalk.svd.pretrained import save_pretrained, tensors_in
from dicetalk.svd.sizes import KIND, VERSION

pytest.importorskip("huggingface_hub")


class Folder:
    """A hub that is a folder."""

    def __init__(self, place: Path, refuses: Exception | None = None) -> None:
        self.place, self.refuses = place, refuses
        self.private: bool | None = None

    def create_repo(self, repo_id: str, *, private: bool, exist_ok: bool) -> str:
        if self.refuses is not None:
            raise self.refuses
        self.private = private
        (self.place / repo_id).mkdir(parents=True, exist_ok=exist_ok)
        return f"file://{self.place / repo_id}"

    def upload_folder(self, *, repo_id: str, folder_path: str, allow_patterns: list[str], commit_message: str) -> None:
        assert commit_message
        for path in Path(folder_path).rglob("*"):
            name = path.relative_to(folder_path)
            if path.is_file() and any(fnmatch(str(name), pattern) for pattern in allow_patterns):
                (self.place / repo_id / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, self.place / repo_id / name)


@pytest.fixture
def saved(tiny_svd: Path, tmp_path: Path) -> Path:
    checkpoint = open_checkpoint(tiny_svd, KIND, VERSION)
    config = {**checkpoint.config, "learned": ["mead"], "recipe": {"held_out": ["mead_M003"], "learned": "streams"}}
    return save_pretrained(config, tensors_in(checkpoint), tmp_path / "mine")


def test_what_is_given_is_what_is_fetched(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (saved / "unet" / "train.py").write_text("print('never')")
    (saved / "state.safetensors").write_bytes(b"of a training")
    hub = Folder(tmp_path / "hub")
    address = push(saved, "me/mine", "cc-by-nc-sa-4.0", hub=hub)
    there = tmp_path / "hub" / "me" / "mine"
    assert address == f"file://{there}" and hub.private is True
    assert not (there / "unet" / "train.py").exists()
    assert sorted(p.name for p in there.iterdir()) == sorted(
        ["README.md", "model_index.json", *(part.folder for part in PARTS)]
    )

    def snapshot(name: str, *, allow_patterns: list[str], local_dir: Path | None) -> str:
        assert name == "me/mine" and "*.py" not in allow_patterns
        return str(there)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    monkeypatch.chdir(tmp_path)
    talk = dicetalk.DiceTalk.from_pretrained("me/mine", dicetalk.SvdOptions(device="cpu"))
    assert talk.backbone.kind == "svd"


def test_the_card_says_what_the_folder_knows_and_stays_as_edited(saved: Path, tmp_path: Path) -> None:
    from huggingface_hub import ModelCard

    push(saved, "me/mine", "mit", hub=Folder(tmp_path / "hub"))
    card = ModelCard.load(saved / "README.md")
    assert (card.data.license, card.data.library_name) == ("mit", "dicetalk")
    assert 'DiceTalk.from_pretrained("me/mine")' in card.text and "Corpora: mead." in card.text
    assert "never learned from: mead_M003" in card.text and "neutral" not in card.data.to_dict()
    with pytest.raises(ConfigError, match=r"says that the licence is mit, not cc-by-4\.0"):
        push(saved, "me/mine", "cc-by-4.0", hub=Folder(tmp_path / "hub"))
    (saved / "README.md").write_text("mine")
    push(saved, "me/mine", "mit", hub=Folder(tmp_path / "hub"))
    assert (tmp_path / "hub" / "me" / "mine" / "README.md").read_text() == "mine"


def test_what_cannot_be_given_is_told_before_the_hub_is_asked(saved: Path, tiny_svd: Path, tmp_path: Path) -> None:
    hub = Folder(tmp_path / "hub")
    with pytest.raises(ConfigError, match="no name of a repository; expected OWNER/NAME"):
        push(saved, "mine", "mit", hub=hub)
    with pytest.raises(ConfigError, match="no name of a licence"):
        push(saved, "me/mine", "my own: [x]", hub=hub)
    with pytest.raises(CheckpointError, match="dicetalk weights save"):
        push(tiny_svd, "me/mine", "mit", hub=hub)
    shutil.rmtree(saved / "bank")
    with pytest.raises(CheckpointError, match="lacks the part bank"):
        push(saved, "me/mine", "mit", hub=hub)
    assert not (tmp_path / "hub").exists() and not (saved / "README.md").exists()


def test_a_hub_that_refuses_is_one_line(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckpointError, match=r"could not be given to the hub \(ConnectionError: no route\)"):
        push(saved, "me/mine", "mit", hub=Folder(tmp_path, ConnectionError("no\nroute")))

    def refuse(*_: Any, **__: Any) -> str:
        raise ValueError("gone")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(CheckpointError, match=r"me/mine could not be fetched \(ValueError: gone\)"):
        fetch("me/mine", tmp_path / "x")


def test_no_network_is_one_line(saved: Path, tmp_path: Path) -> None:
    from huggingface_hub import HfApi

    nobody = HfApi(endpoint="http://127.0.0.1:9", token="none")
    with pytest.raises(CheckpointError, match=r"could not be given to the hub \(ConnectError"):
        push(saved, "me/mine", "mit", hub=nobody)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.txt").write_text("years")
    assert typed("weights", "get", "me/mine", str(tmp_path / "work")) == 2


@pytest.mark.slow
def test_as_it_is_typed(
    tiny_svd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dicetalk.hub.push._hub", lambda: Folder(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    assert typed("weights", "save", str(tiny_svd), "mine/", "--quiet") == 0
    assert typed("weights", "push", "mine/", "me/mine", "--licence", "mit", "--public", "--quiet") == 0
    assert capsys.readouterr().out == f"mine\nfile://{tmp_path / 'hub' / 'me' / 'mine'}\n"
    assert open_svd(tmp_path / "hub" / "me" / "mine").config["bank"]
    assert typed("weights", "save", "mine", "mine", "--quiet") == 2
    assert "is the checkpoint itself" in capsys.readouterr().err
    assert typed("weights", "push", "mine", "me/mine") == 2
    assert "--licence" in capsys.readouterr().err
