"""Own emotions under a name: how they are asked for, added to a file, replaced, listed, refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from dicetalk.mood import Listener, mood_of
from scipy.io import wavfile

import dicetalk
from dicetalk.cli import cli, failures
from dicetalk.emotion.embedding import SHIPPED
from dicetalk.emotion.own import OwnEmotion
from dicetalk.emotion.priors import Prior, average, read_priors, read_space, save_priors
from dicetalk.emotion.timeline import DEFAULT_STRENGTH, Emotion, Timeline, is_heard
from dicetalk.emotion.vocabulary import ALIASES, NAMES, check_own_name
from dicetalk.errors import CheckpointError, EmotionError
from dicetalk.media import SPEECH_RATE, Waveform, read_sound
from dicetalk.recording import heard

shipped = pytest.mark.skipif(not SHIPPED.is_dir(), reason="no embedder is shipped")


@pytest.mark.parametrize(
    ("text", "name", "strength"),
    [
        ("mine.safetensors", None, DEFAULT_STRENGTH),
        ("mine.safetensors:tender", "tender", DEFAULT_STRENGTH),
        (" mine.safetensors:tender:0.5 ", "tender", 0.5),
        ("mine.safetensors:0.5", None, 0.5),
        ("mine.safetensors:1", None, 1.0),
    ],
)
def test_how_one_is_asked_for(text: str, name: str | None, strength: float) -> None:
    assert is_heard(text)
    assert OwnEmotion.parse(text) == OwnEmotion(Path("mine.safetensors"), name, strength)


def test_colons_in_a_path_are_the_paths() -> None:
    found = OwnEmotion.parse("C:\\a.safetensors:b\\MINE.SAFETENSORS:tender")
    assert found == OwnEmotion(Path("C:\\a.safetensors:b\\MINE.SAFETENSORS"), "tender")
    assert not any(is_heard(text) for text in ("happy:0.7", "mine.safetensors.json", "safetensors:tender"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mine.safetensors:tender:2", "out of range"),
        ("mine.safetensors:tender:much", "not a number"),
        ("mine.safetensors:nan:nan", "out of range"),
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
    save_priors(path, {"tender": Prior(np.ones(3), np.ones(3))})
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=r"widths \[3, 4\]"):
        save_priors(path, {**read_priors(path), "bright": Prior(np.ones(4), np.ones(4))})
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == [path.name]


@shipped
def test_emotions_of_another_embedder_are_refused(
    clips: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, angry = tmp_path / "other.safetensors", Listener().priors["angry"]
    save_priors(path, {"cross": angry}, "0123456789abcdef")
    before = path.read_bytes()
    for words in (["emotions", path], ["embed", clips[0], "--name", "tender", "-o", path]):
        assert failures.run(cli, [str(word) for word in words]) == 2
        assert "of the embedder 0123456789abcdef" in capfd.readouterr().err
    assert path.read_bytes() == before


@shipped
def test_files_that_do_not_tell_their_space_stay_so(clips: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "old.safetensors"
    save_priors(path, {"cross": Listener().priors["angry"]})
    run("embed", clips[0], "--name", "tender", "-o", path)
    assert read_space(path) is None and sorted(read_priors(path)) == ["cross", "tender"]


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


@shipped
def test_clips_are_averaged_and_others_stay(mine: Path, clips: list[Path], tmp_path: Path) -> None:
    listener = Listener()
    sounds = [heard(read_sound(clip).waveform) for clip in clips]
    expected = average([listener.embed(sound) for sound in sounds])
    np.testing.assert_allclose(read_priors(mine)["tender"].mean, expected.mean, atol=1e-6)
    copy = Path(shutil.copy(mine, tmp_path))
    told = json.loads(run("embed", clips[0], "--name", "tender", "-o", copy, "--json").stdout)
    assert told["name"] == "tender" and told["replaced"] is True
    found = read_priors(copy)
    np.testing.assert_allclose(found["tender"].mean, listener.embed(sounds[0]).mean, atol=1e-6)
    assert np.array_equal(found["bright"].mean, read_priors(mine)["bright"].mean)
    assert "replaced 'tender'; it holds bright, tender" in run("embed", *clips, "--name", "tender", "-o", copy).stderr


@shipped
def test_the_strength_scales_the_mixture(voice: Waveform, tmp_path: Path) -> None:
    listener, path = Listener(), tmp_path / "mine.safetensors"
    save_priors(path, {"cross": listener.priors["angry"], "glad-ish": listener.priors["happy"]})
    for strength in (0.0, 0.25, 1.0):
        found = mood_of(f"{path}:cross:{strength}", voice, listener)
        whole = mood_of(f"{path}:cross:1", voice, listener)
        assert found.shares == whole.shares and found.name == "angry"
        expected = [strength * share for share in whole.emotion().strengths]
        assert found.emotion().strengths == pytest.approx(expected, abs=1e-3)  # strengths have three decimals
    assert mood_of(f"{path}:cross:0", voice, listener).emotion() == Emotion()


@shipped
def test_a_video_with_an_own_emotion(hopper: Path, speech: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    save_priors(path, {"cross": Listener().priors["angry"], "other": Listener().priors["sad"]})
    video = dicetalk.load()(hopper, speech, emotion=f"{path}:cross:0.5", size=64)
    strengths = dict(zip(NAMES[1:], video.emotion.keys[0][1].strengths, strict=True))
    assert max(strengths, key=lambda name: strengths[name]) == "angry" and 0.2 < strengths["angry"] <= 0.5
    assert video.emotion == Timeline.of(video.emotion.keys[0][1])


@shipped
def test_they_are_listed(mine: Path) -> None:
    told = json.loads(run("emotions", mine, "--json").stdout)["emotions"]
    assert [entry["name"] for entry in told] == ["bright", "tender"]
    assert all(entry["emotion"] in NAMES and sum(entry["shares"].values()) < 1.01 for entry in told)
    assert "tender" in run("emotions", mine).stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["embed", "CLIP", "--name", "happy", "-o", "a.safetensors"], "choose another name"),
        (["embed", "CLIP", "--name", "Happy!", "-o", "a.safetensors"], "small letters"),
        (["embed", "CLIP", "--name", "tender"], "add -o"),
        (["embed", "CLIP", "-o", "NOISE"], "cannot be read as safetensors"),
        (["emotions", "NOISE"], "cannot be read as safetensors"),
        (["emotions", "gone.safetensors"], "cannot be read"),
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
