"""Shards of prepared films: packed the same each time, fetched whole or not at all; broken ones are told."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("diffusers")
pytest.importorskip("fsspec")
from latents_made import made_latents

from dicetalk.data.latents import read_clips, read_window
from dicetalk.data.shards import DONE, INDEX, fetch, read_shards, write_shards
from dicetalk.errors import InputError


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_latents(tmp_path_factory.mktemp("latents") / "made", people=5)


@pytest.fixture
def shards(data: Path, tmp_path: Path) -> Path:
    assert write_shards([data], tmp_path / "shards", 1) == 5
    return tmp_path / "shards"


def test_what_is_packed_is_what_was_prepared(data: Path, shards: Path, tmp_path: Path) -> None:
    index = read_shards(str(shards))
    assert [len(shard.clips) for shard in index] == [2] * 5  # a person's clips are never apart
    clips = [clip for shard in index for clip in fetch(str(shards), shard, tmp_path / "cache" / shard.name)]
    for clip, before in zip(clips, read_clips([data]), strict=True):
        assert clip.path.read_bytes() == before.path.read_bytes()
        assert (clip.identity, clip.emotion, clip.frames) == (before.identity, before.emotion, before.frames)
        assert read_window(clip, 0, 4).images.shape == (4, 4, 8, 8)
    with tarfile.open(shards / "00000.tar") as tar:
        assert tar.getnames() == ["00000.safetensors", "00001.safetensors"]
    packed = {file.name: file.read_bytes() for file in shards.iterdir()}
    shutil.rmtree(shards)
    write_shards([data], shards, 1, workers=2)
    assert packed == {file.name: file.read_bytes() for file in shards.iterdir()}


def test_shards_of_the_same_files_stay_and_others_are_packed_again(data: Path, tmp_path: Path) -> None:
    made, shards = tmp_path / "made", tmp_path / "shards"
    shutil.copytree(data, made)
    assert write_shards([made], shards, 1) == 5
    times = {file.name: file.stat().st_mtime_ns for file in shards.glob("*.tar")}
    digests = [shard.digest for shard in read_shards(str(shards))]
    (shards / "00001.tar").write_bytes(b"half")  # a copy that was broken off
    last = read_clips([made])[-1]
    os.utime(last.path)  # as one that was prepared anew
    assert write_shards([made], shards, 1) == 5
    again = {file.name for file in shards.glob("*.tar") if file.stat().st_mtime_ns != times[file.name]}
    assert again == {"00001.tar", "00004.tar"}
    assert [shard.digest for shard in read_shards(str(shards))] == digests
    cut = shards / "00003.tar"
    kept = cut.stat().st_mtime_ns
    cut.write_bytes(cut.read_bytes()[:100])
    os.utime(cut, ns=(kept, kept))  # as a copy that keeps times
    made = made.rename(tmp_path / "elsewhere")
    times = {file.name: file.stat().st_mtime_ns for file in shards.glob("*.tar")}
    assert write_shards([made], shards, 1) == 5
    again = {file.name for file in shards.glob("*.tar") if file.stat().st_mtime_ns != times[file.name]}
    assert again == {"00003.tar"} and [shard.digest for shard in read_shards(str(shards))] == digests
    (shards / "00002.tar").unlink()
    others = [shards / "2024.json", shards / "2024.tar"]
    for other in others:
        other.write_text("{}")
    assert write_shards([made], shards, 10**9) == 1  # larger ones: those that are too many go
    assert {file.name for file in shards.iterdir()} == {"00000.tar", "00000.json", INDEX, "2024.json", "2024.tar"}
    assert len(read_shards(str(shards))[0].clips) == 10


def test_some_clips_of_a_shard_and_a_fetch_that_was_broken_off(shards: Path, tmp_path: Path) -> None:
    shard = read_shards(str(shards))[1]
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "00000.safetensors").write_bytes(b"half")  # there is no word that it is complete
    (clip,) = fetch(str(shards), shard, tmp_path / "cache", ["00001.safetensors"])
    assert {file.name for file in (tmp_path / "cache").iterdir()} == {"00001.safetensors", DONE}
    assert read_window(clip, 0, 4).images.shape == (4, 4, 8, 8)


def test_broken_shards_are_told_in_one_line(shards: Path, tmp_path: Path) -> None:
    shard = read_shards(str(shards))[0]
    whole = (shards / shard.name).read_bytes()
    for content, why in (
        (whole[: len(whole) // 2], "broken"),
        (b"no tar at all", "broken"),
        (whole[:600] + bytes([whole[600] ^ 1]) + whole[601:], "it is not what was packed"),
    ):
        (shards / shard.name).write_bytes(content)
        with pytest.raises(InputError, match=why) as raised:
            fetch(str(shards), shard, tmp_path / "cache")
        assert shard.name in str(raised.value) and "pack it again" in str(raised.value)
        assert not (tmp_path / "cache" / DONE).exists()
    (shards / shard.name).unlink()
    with pytest.raises(InputError, match=r"00000\.tar cannot be opened .*check the address"):
        fetch(str(shards), shard, tmp_path / "cache")


def test_an_index_that_is_none_or_names_other_files_is_refused(shards: Path) -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        read_shards(str(shards / "none"))
    told = json.loads((shards / INDEX).read_text())
    told["shards"][0]["clips"][0]["name"] = "../../escaped.safetensors"
    (shards / INDEX).write_text(json.dumps(told))
    with pytest.raises(InputError, match="other names than we give"):
        read_shards(str(shards))
    (shards / INDEX).write_text("{}")
    with pytest.raises(InputError, match=r"shards\.json is damaged"):
        read_shards(str(shards))


@pytest.fixture
def address(shards: Path) -> Iterator[str]:
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(shards))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_shards_come_over_the_network(address: str, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    shard = read_shards(address)[2]
    assert len(fetch(address, shard, tmp_path / "cache")) == 2
    with pytest.raises(InputError, match=r"none/shards\.json cannot be opened"):
        read_shards(address + "none")
