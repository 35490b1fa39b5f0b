"""`dicetalk embed`: what is told, what is written, with the shipped embedder and with another."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from scipy.io import wavfile

from dicetalk.checkpoints import CONFIG, write_config
from dicetalk.cli import cli
from dicetalk.emotion.priors import read_priors, read_space, save_priors
from dicetalk.emotion.space import KIND, PRIORS, SHIPPED, VERSION, shipped_space
from dicetalk.emotion.vocabulary import HEARD, NAMES
from dicetalk.errors import CheckpointError, InputError
from dicetalk.media import Picture, VideoWriter, Waveform, read_sound
from dicetalk.rates import SPEECH_RATE


@pytest.fixture(scope="module")
def clip(voice: Waveform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "a.wav"
    wavfile.write(path, SPEECH_RATE, voice[: 2 * SPEECH_RATE])
    return path


def embed(*words: object) -> Result:
    return CliRunner().invoke(cli, ["embed", *(str(word) for word in words)], catch_exceptions=False)


def test_it_is_told_as_json_and_stored(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "mood.safetensors"
    told = json.loads(embed(clip, "-o", out, "--checkpoint", SHIPPED, "--json").output)
    assert told["output"] == str(out) and told["emotion"] in HEARD and told["name"] == "mood"
    assert tuple(told["shares"]) == HEARD and sum(told["shares"].values()) == pytest.approx(1, abs=1e-3)
    assert told["confidence"] == max(told["shares"].values()) == told["shares"][told["emotion"]]
    assert read_priors(out)["mood"].mean.shape == (256,)
    assert read_space(out) == shipped_space().name


def test_without_an_output_it_only_tells(clip: Path, tmp_path: Path) -> None:
    told = json.loads(embed(clip, "--json").stdout)
    assert told["output"] is None and "name" not in told
    line = embed(clip).stdout
    assert line.startswith(f"{told['emotion']} {told['confidence']:.2f}, ") and line.count("\n") == 1


def test_what_is_missing_in_a_clip_is_told(no_face: Picture, speech: Path, tmp_path: Path) -> None:
    path = tmp_path / "nobody.mp4"
    with VideoWriter(path, width=320, height=240, speech=read_sound(speech)) as video:
        video.write(np.stack([no_face] * 30))
    done = embed(path)
    assert "going on with the other modality" in done.stderr and "shows no face" in done.stderr
    assert embed(path, "--quiet").stderr == ""


def test_a_damaged_clip_and_one_of_its_channels(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(clip.read_bytes()[:-16000])
    (warning,) = json.loads(embed(path, "--channel", "left", "--json").stdout)["warnings"]
    assert "is damaged: 0.50 s of 2.00 s are missing" in warning
    done = embed(path)
    assert done.stderr == f"warning: {warning}\n" and done.stdout.count("\n") == 1
    assert embed(path, "--quiet").stderr == ""
    with pytest.raises(InputError, match="only channel 1"):
        embed(path, "--channel", "right")


@pytest.fixture
def fewer(tmp_path: Path) -> Path:
    """An embedder's folder whose vocabulary lacks most names."""
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "fewer"))
    config = json.loads((folder / CONFIG).read_text())
    names = ["neutral", "happy", "contempt"]
    rest = {key: value for key, value in config.items() if key not in ("kind", "version")}
    write_config(folder, KIND, VERSION, {**rest, "vocabulary": names})
    save_priors(folder / PRIORS, {name: shipped_space().priors[name] for name in names})
    return folder


def test_an_embedder_of_a_shorter_vocabulary(fewer: Path, clip: Path, talking: Path) -> None:
    heard = json.loads(embed(clip, "--checkpoint", fewer, "--json").stdout)
    assert tuple(heard["shares"]) == ("neutral", "happy")  # contempt is not heard
    seen = json.loads(embed(talking, "--checkpoint", fewer, "--json").stdout)
    assert tuple(seen["shares"]) == ("neutral", "contempt", "happy") and set(seen["shares"]) < set(NAMES)


def test_a_folder_that_holds_no_embedder(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        embed(clip, "--checkpoint", tmp_path)
