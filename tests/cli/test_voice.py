"""`dicetalk voice`: a recording in another feeling; the same in a video."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest
from click.testing import CliRunner
from voices_made import buzz

from dicetalk.cli import cli
from dicetalk.errors import EmotionError, MediaError, MissingExtraError
from dicetalk.marks.verdict import verify
from dicetalk.media import read_sound
from dicetalk.media.written_sound import write_sound
from dicetalk.voice.world import RATE


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_sound(tmp_path / "said.wav", buzz(), RATE)


def run(*words: object) -> str:
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False).output


def comment(path: Path) -> str | None:
    with av.open(str(path)) as container:
        told = {**container.metadata, **container.streams.audio[0].metadata}
    return {name.lower(): value for name, value in told.items()}.get("comment")


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_a_file_that_says_what_it_is(suffix: str, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / f"angry{suffix}"
    told = run("voice", clip, "-e", "angry:0.9", "-o", out)
    assert "the voice was changed: angry 0.90, heard" in told and f"wrote {out}" in told
    assert (comment(out) or "").endswith("angry 0.90") and read_sound(out).seconds > 1.5


def test_numbers(clip: Path, tmp_path: Path) -> None:
    told = json.loads(run("voice", clip, "-e", "angry:0.9", "-o", tmp_path / "a.wav", "--json"))
    (change,) = told["changes"]
    assert change["emotion"] == "angry" and change["asked"] == pytest.approx(0.9)
    assert 0 < change["amount"] <= 1.6 and change["heard"] > change["before"]
    assert told["seconds_before"] == 2.0 and told["output"].endswith("a.wav") and told["warnings"]


@pytest.mark.parametrize(
    ("emotion", "out", "error", "says"),
    [
        ("same", "a.wav", EmotionError, "same is as a face, and there is none"),
        ("hapy", "a.wav", EmotionError, "did you mean 'happy'"),
        ("happy", "a.mp3", MediaError, r"ends in '\.mp3'"),
        ("happy", "said.wav", MediaError, "is an input"),
    ],
)
def test_what_cannot_be_done(
    emotion: str, out: str, error: type[Exception], says: str, clip: Path, tmp_path: Path
) -> None:
    before = clip.read_bytes()
    with pytest.raises(error, match=says):
        run("voice", clip, "-e", emotion, "-o", tmp_path / out)
    assert clip.read_bytes() == before and [path.name for path in tmp_path.iterdir()] == ["said.wav"]


def test_without_the_extra(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicetalk.voice.wanted.WORLD", "no_such_world")
    with pytest.raises(MissingExtraError, match=r"pip install -e '\.\[voice\]'"):
        run("voice", clip, "-e", "happy", "-o", tmp_path / "a.wav")
    with pytest.raises(MissingExtraError):
        run("generate", clip, clip, "--voice-emotion", "same", "-o", tmp_path / "a.mp4")
    assert not (tmp_path / "a.wav").exists()


def test_a_video_whose_voice_is_changed_says_so(hopper: Path, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.mp4"
    mood = '{"keys": [{"time": 0.2, "emotion": "neutral"}, {"time": 1.4, "emotion": "angry:0.9"}]}'
    asked = ["--voice-emotion", "timeline", "--size", 128, "--marks", "plain", "--json"]
    told = json.loads(run("generate", hopper, clip, "-e", mood, "-o", out, *asked))
    (change,) = told["voice"]["changes"]
    assert change["emotion"] == "angry" and told["voice"]["emotion"] == "timeline"
    assert any("the voice was changed" in line for line in told["warnings"])
    assert told["seconds"] == pytest.approx(read_sound(out).seconds, abs=0.1)
    assert told["heard"]["keys"][1]["time"] != 1.4  # the face's timeline goes along
    origin = verify(out, None).origin or {}
    assert origin["changed_voice"] == "angry 0.90"
    assert "voice changed: angry 0.90" in run("verify", out)


def test_a_voice_is_left_alone_where_nobody_asks(hopper: Path, clip: Path, tmp_path: Path) -> None:
    told = json.loads(run("generate", hopper, clip, "-e", "angry", "-o", tmp_path / "a.mp4", "--size", 128, "--json"))
    assert "voice" not in told and told["seconds"] == 2.0
    assert "changed_voice" not in (verify(tmp_path / "a.mp4", None).origin or {})
