"""Own emotions under a name: how they are asked for, added to a file, replaced, listed, refused."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import save_file
from scipy.io import wavfile

import dicetalk
from dicetalk.cli import cli, failures
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.own import OwnEmotion, is_own, read_own
from dicetalk.emotion.priors import Prior, average, read_priors, read_space, save_priors
from dicetalk.emotion.space import shipped_space
from dicetalk.emotion.vocabulary import ALIASES, NAMES, check_own_name
from dicetalk.errors import CheckpointError, EmotionError
from dicetalk.media import Waveform, read_sound
from dicetalk.rates import SPEECH_RATE
from dicetalk.recording import heard

HOSTILE = Path(__file__).parents[1] / "hostile"


@pytest.mark.parametrize(
    ("text", "name", "strength"),
    [
        ("mine.safetensors", None, None),
        ("mine.safetensors:tender", "tender", None),
        (" mine.safetensors:tender:0.5 ", "tender", "0.5"),
        ("mine.safetensors:0.5", None, "0.5"),
        ("mine.safetensors:1", None, "1"),
    ],
)
def test_how_one_is_asked_for(text: str, name: str | None, strength: str | None) -> None:
    assert is_own(text)
    assert OwnEmotion.parse(text) == OwnEmotion(Path("mine.safetensors"), name, strength)


def test_colons_in_a_path_are_the_paths() -> None:
    found = OwnEmotion.parse("C:\\a.safetensors:b\\MINE.SAFETENSORS:tender")
    assert found == OwnEmotion(Path("C:\\a.safetensors:b\\MINE.SAFETENSORS"), "tender")
    assert not any(is_own(text) for text in ("happy:0.7", "mine.safetensors.json", "safetensors:tender"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("happy", "FILE.safetensors:NAME:STRENGTH"),
        ("mine.safetensors:", "FILE.safetensors:NAME:STRENGTH"),
        ("mine.safetensors::0.5", "FILE.safetensors:NAME:STRENGTH"),
        ("mine.safetensors:a:0.5:b", "FILE.safetensors:NAME:STRENGTH"),
        ("mine.safetensors:0.5:0.5", "begins with a letter"),
    ],
)
def test_what_is_not_understood(text: str, told: str) -> None:
    with pytest.raises(EmotionError, match=told):
        OwnEmotion.parse(text)


@pytest.mark.parametrize("name", ["tender", "a", "x2", "half-asleep", "two_faced"])
def test_good_names(name: str) -> None:
    check_own_name(name)
    assert OwnEmotion.parse(f"mine.safetensors:{name}").name == name


@pytest.mark.parametrize("name", ["", "Tender", "2x", "a b", "a:b", "a.b", "tendré", "-a", "a\n", "a" * 41, "a/b"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(EmotionError, match="small letters"):
        check_own_name(name)


@pytest.mark.parametrize("name", [*NAMES, *ALIASES])
def test_names_that_are_taken(name: str) -> None:
    with pytest.raises(EmotionError, match="choose another"):
        check_own_name(name)


def test_one_that_is_not_there() -> None:
    with pytest.raises(EmotionError, match=r"holds no emotion 'tendr'; there are: bright, tender"):
        OwnEmotion(Path("mine.safetensors"), "tendr").choose(["tender", "bright"])
    assert OwnEmotion(Path("mine.safetensors")).choose(["tender"]) == "tender"


def test_a_file_that_cannot_be_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    save_priors(path, {"tender": Prior(np.ones(3, np.float32), np.ones(3, np.float32))})
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=r"widths \[3, 4\]"):
        save_priors(path, {**read_priors(path), "bright": Prior(np.ones(4, np.float32), np.ones(4, np.float32))})
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == [path.name]


def own_file(
    path: Path, name: str = "tender", dtype: str = "float32", changes: Mapping[str, float] = MappingProxyType({})
) -> Path:
    """An own emotion of another type of numbers, with some value in its mean or spread."""
    like = shipped_space().priors["sad"]
    tensors = {f"{name}.mean": like.mean.astype(dtype), f"{name}.std": like.std.astype(dtype)}
    for part, value in changes.items():
        tensors[f"{name}.{part}"][7] = value
    save_file(tensors, path, {"space": shipped_space().name})
    return path


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_every_type_of_numbers_is_read(tmp_path: Path, dtype: str) -> None:
    found = read_own(own_file(tmp_path / "a.safetensors", dtype=dtype))["tender"].prior
    assert found is not None and found.mean.dtype == found.std.dtype == np.float32
    np.testing.assert_allclose(found.mean, shipped_space().priors["sad"].mean, rtol=1e-3)


def test_one_that_was_made_for_us() -> None:
    (felt,) = read_own(HOSTILE / "own-f64.safetensors").values()
    assert felt.prior is not None and felt.prior.mean.dtype == np.float32 and (felt.prior.std >= 0).all()


@pytest.mark.parametrize(("part", "value"), [("mean", 1e38), ("mean", -2e4), ("std", 1e300), ("mean", 1e300)])
def test_numbers_that_no_embedder_gives(tmp_path: Path, part: str, value: float) -> None:
    path = own_file(tmp_path / "a.safetensors", dtype="float64", changes={part: value})
    with pytest.raises(CheckpointError, match=rf"(beyond 10000|not finite) in 'tender\.{part}'"):
        read_own(path)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("part", ["mean", "std"])
def test_numbers_that_are_none(tmp_path: Path, part: str, value: float) -> None:
    with pytest.raises(CheckpointError, match="not finite"):
        read_own(own_file(tmp_path / "a.safetensors", changes={part: value}))


BAD_NAMES = [
    "happy",
    "calm",
    "../x",
    "/etc/x",
    "a\x1b[31m",
    "a\nb",
    "a b",
    "Tender",
    "",
    "0.5",
    "\u202ex",
    "a" * 41,
    "[",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_files_with_names_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(EmotionError) as caught:
        read_own(own_file(tmp_path / "a.safetensors", name))
    assert str(caught.value).isprintable() and len(str(caught.value)) < 400
    with pytest.raises(EmotionError):
        OwnEmotion(tmp_path / "a.safetensors").feeling()


def test_a_name_that_was_made_for_us() -> None:
    with pytest.raises(EmotionError, match="cannot be the name of an own emotion"):
        read_own(HOSTILE / "own-badname.safetensors")


def test_a_file_of_thousands(tmp_path: Path) -> None:
    path, prior = tmp_path / "many.safetensors", shipped_space().priors["sad"]
    save_priors(path, {f"n{number}": prior for number in range(5000)}, shipped_space().name)
    assert OwnEmotion(path, "n4999").feeling().prior is not None
    for own in (OwnEmotion(path), OwnEmotion(path, "none")):
        with pytest.raises(EmotionError) as caught:
            own.feeling()
        assert len(str(caught.value)) < 300 + len(str(path))


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture(scope="module")
def clips(voice: Waveform, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    for number, start in enumerate((0, SPEECH_RATE)):
        wavfile.write(folder / f"{number}.wav", SPEECH_RATE, voice[start : start + 2 * SPEECH_RATE])
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def mine(clips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of two own emotions, and what was said while it was made."""
    path = tmp_path_factory.mktemp("own") / "mine.safetensors"
    assert "added 'tender'; it holds tender\n" in run("embed", *clips, "--name", "tender", "-o", path).stderr
    assert "added 'bright'; it holds bright, tender\n" in run("embed", clips[1], "--name", "bright", "-o", path).stderr
    return path


def test_clips_are_averaged_and_others_stay(mine: Path, clips: list[Path], tmp_path: Path) -> None:
    embedder = shipped_embedder()
    sounds = [heard(read_sound(clip).waveform).speech for clip in clips]
    expected = average([embedder.embed(sound, None) for sound in sounds])
    np.testing.assert_allclose(read_priors(mine)["tender"].mean, expected.mean, atol=1e-6)
    copy = Path(shutil.copy(mine, tmp_path))
    told = json.loads(run("embed", clips[0], "--name", "tender", "-o", copy, "--json").stdout)
    assert told["name"] == "tender" and told["replaced"] is True
    found = read_priors(copy)
    np.testing.assert_allclose(found["tender"].mean, embedder.embed(sounds[0], None).mean, atol=1e-6)
    assert np.array_equal(found["bright"].mean, read_priors(mine)["bright"].mean)
    assert read_space(copy) == read_space(mine) == shipped_space().name
    assert "replaced 'tender'; it holds bright, tender" in run("embed", *clips, "--name", "tender", "-o", copy).stderr


def test_each_is_a_feeling_in_the_shipped_space(mine: Path) -> None:
    found, priors = read_own(mine), read_priors(mine)
    assert set(found) == {"tender", "bright"}
    for name, feeling in found.items():
        assert feeling.prior is not None and feeling.space is shipped_space()
        np.testing.assert_array_equal(feeling.prior.mean, priors[name].mean)
        like = shipped_space().likeness(priors[name])
        assert feeling.confidence == pytest.approx(like.confidence) and feeling.strengths == pytest.approx(
            like.strengths(1.0)
        )
        assert feeling.why == f"{name} of mine.safetensors resembles {like}"
    assert OwnEmotion(mine, "tender", "0.1").feeling().strengths == found["tender"].strengths  # strength left aside


def test_files_of_another_embedder_and_of_none(tmp_path: Path) -> None:
    space, path = shipped_space(), tmp_path / "mine.safetensors"
    save_priors(path, {"cross": space.priors["angry"]}, "0123456789abcdef")
    with pytest.raises(
        EmotionError, match=r"made by another embedder \('0123456789abcdef', not .*embed its clips again"
    ):
        read_own(path)
    save_priors(path, {"cross": space.priors["angry"]})  # of before spaces were told
    assert set(read_own(path)) == {"cross"}
    save_priors(path, {"wide": Prior(np.ones(9, np.float32), np.ones(9, np.float32))})
    with pytest.raises(CheckpointError, match="9 numbers"):
        read_own(path)


def test_emotions_of_another_embedder_are_refused(
    clips: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.safetensors"
    save_priors(path, {"cross": shipped_space().priors["angry"]}, "0123456789abcdef")
    before = path.read_bytes()
    for words in (["emotions", path], ["embed", clips[0], "--name", "tender", "-o", path]):
        assert failures.run(cli, [str(word) for word in words]) == 2
        assert "another embedder ('0123456789abcdef'" in capfd.readouterr().err
    assert path.read_bytes() == before


def test_files_that_do_not_tell_their_space_stay_so(clips: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "old.safetensors"
    save_priors(path, {"cross": shipped_space().priors["angry"]})
    run("embed", clips[0], "--name", "tender", "-o", path)
    assert read_space(path) is None and sorted(read_priors(path)) == ["cross", "tender"]


def test_a_video_with_an_own_emotion(hopper: Path, speech: Path, tmp_path: Path) -> None:
    path, priors = tmp_path / "mine.safetensors", shipped_space().priors
    save_priors(path, {"cross": priors["angry"], "other": priors["sad"]}, shipped_space().name)
    video = dicetalk.load()(hopper, speech, emotion=f"{path}:cross:0.5", size=64)
    ((_, felt),) = video.heard.keys
    assert max(felt.strengths, key=felt.strengths.__getitem__) == "angry" and 0.2 < felt.strengths["angry"] <= 0.5
    track = video.conditions.emotion
    np.testing.assert_array_equal(track.weights, np.tile(felt.mixture(), (30, 1)))
    assert track.priors is not None and track.priors.space == shipped_space().name
    expected = priors["neutral"].mean + 0.5 * (priors["angry"].mean - priors["neutral"].mean)
    np.testing.assert_allclose(track.priors.means, np.tile(expected, (30, 1)), atol=1e-5)


def test_they_are_listed(mine: Path) -> None:
    told = json.loads(run("emotions", mine, "--json").stdout)["emotions"]
    assert [entry["name"] for entry in told] == ["bright", "tender"]
    for entry in told:
        assert entry.keys() == {"name", "becomes", "confidence", "why"} and 0 < entry["confidence"] <= 1
        assert set(entry["becomes"]) <= set(NAMES) and sum(entry["becomes"].values()) <= 1
        assert entry["why"].startswith(f"{entry['name']} of mine.safetensors resembles")
    assert "tender" in run("emotions", mine).stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["embed", "CLIP", "--name", "happy", "-o", "a.safetensors"], "choose another name"),
        (["embed", "CLIP", "--name", "Happy!", "-o", "a.safetensors"], "small letters"),
        (["embed", "CLIP", "--name", "tender"], "add -o"),
        (["embed", "CLIP", "-o", "NOISE"], "cannot be read as safetensors"),
        (["emotions", "NOISE"], "cannot be read as safetensors"),
        (["emotions", "gone.safetensors"], "cannot be opened"),
        (["generate", "CLIP", "CLIP", "-e", "MINE:tendr"], "there are: bright, tender"),
    ],
)
def test_the_commands_say_what_is_wrong(
    words: list[str], told: str, mine: Path, clips: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "noise.safetensors").write_bytes(b"noise")
    for name, path in (("CLIP", clips[0]), ("NOISE", tmp_path / "noise.safetensors"), ("MINE", mine)):
        words = [word.replace(name, str(path)) for word in words]
    assert failures.run(cli, words) == 2
    line = capfd.readouterr().err.strip()
    assert told in line and "\n" not in line
