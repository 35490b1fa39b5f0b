"""`dicetalk generate --backbone FOLDER` with a tiny checkpoint: options, progress, previews, emotions from files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click import Context
from terminal import shown_on_a_terminal

import dicetalk
from dicetalk.cli import cli
from dicetalk.cli.failures import Stopped, run
from dicetalk.cli.svd_options import SvdOption
from dicetalk.emotion.priors import Prior, save_priors
from dicetalk.emotion.space import SHIPPED, shipped_space
from dicetalk.media import probe, read_picture
from dicetalk.svd.options import SvdOptions

QUICK = ("--preset", "fast", "--steps", "1", "--short-side", "64", "--device", "cpu", "--size", "96")


@pytest.fixture
def desk(tmp_path: Path, hopper: Path, speech: Path, tiny_svd: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a portrait, a speech and a checkpoint."""
    for name, target in (("face.jpg", hopper), ("speech.wav", speech), ("dice-svd", tiny_svd)):
        (tmp_path / name).symlink_to(target)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def generate(*arguments: str) -> int:
    return run(cli, ["generate", "face.jpg", "speech.wav", "-o", "out.mp4", *arguments])


def video(desk: Path) -> bytes:
    return (desk / "out.mp4").read_bytes()


@pytest.mark.slow
def test_it_speaks_through_the_backbone(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate("--backbone", "svd", *QUICK, "--preview", "look.png", "--json") == 0
    out, err = capsys.readouterr()
    record = json.loads(out)
    assert err == "" and (record["frames"], record["fps"], record["backbone"]) == (30, 25, "svd")
    found, sound = probe(desk / "out.mp4")
    assert found and sound and found.seconds == pytest.approx(1.2, abs=0.02)
    assert read_picture(desk / "look.png").shape == (2 * 256, 4 * 256, 3)
    assert sorted(p.name for p in desk.iterdir()) == ["dice-svd", "face.jpg", "look.png", "out.mp4", "speech.wav"]


def test_every_option_is_on_the_command_line_and_reaches_the_backbone(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed: dict[str, Any] = {
        "preset": "best",
        "steps": 2,
        "image_scale": 2.0,
        "speech_scale": 5.0,
        "emotion_scale": 8.0,
        "no_emotion": "neutral",
        "frame": "face",
        "short_side": 128,
        "memory": "low",
        "device": "cpu",
        "precision": "float32",
        "exact": True,
        "compile": True,
    }
    seen: list[SvdOptions | None] = []

    def load(name: str, options: SvdOptions | None = None) -> None:
        seen.append(options)
        raise dicetalk.ConfigError("seen")

    monkeypatch.setattr("dicetalk.making.load_backbone", load)
    words = [w for k, v in typed.items() for w in (f"--{k.replace('_', '-')}", *([] if v is True else [str(v)]))]
    assert generate("--backbone", "svd", *words) == 2
    assert seen == [SvdOptions(**typed)]
    assert set(SvdOptions.__dataclass_fields__) == typed.keys()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--preset", "fast"), "--preset is an option of the svd backbone, and rules draws here; add --backbone svd"),
        (("--speech-scale", "3"), "--speech-scale is an option of the svd backbone"),
        (("--preview", "x.png"), "--preview is an option of the svd backbone"),
        (("--backbone", "svd", "--steps", "0"), "steps is 0; use 1 to 200"),
        (("--backbone", "svd", "--emotion-scale", "nan"), "emotion_scale is nan; use 0 to 30"),
        (("--backbone", "svd", "--device", "gpu9"), "'gpu9' is not a device; use cpu, cuda"),
        (("--backbone", "svd", "--preview", "x.gif"), r"x.gif ends in '.gif'"),
        (("--backbone", "svd", "--motion-out", "c.csv"), "frames without motion curves; leave the file of curves out"),
        (("--backbone", "svd", "-e", "hapy"), "did you mean 'happy'"),
        (("--backbone", str(SHIPPED)), "holds a checkpoint of kind 'embedder', which draws nothing; give another"),
    ],
)
def test_wrong_use_is_told_in_one_line(
    desk: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert generate(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("error: ") and message in err
    assert not (desk / "out.mp4").exists()


def test_without_a_checkpoint_it_says_where_to_get_one(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "dice-svd").unlink()
    assert generate("--backbone", "svd") == 2
    err = capsys.readouterr().err
    assert "no folder dice-svd here" in err and "`dicetalk weights`" in err


def test_the_help_tells_svd_options_apart() -> None:
    command = cli.commands["generate"]
    # click keeps the help option of a command once it is made: the context must have the real parent.
    whole = Context(cli, info_name="dicetalk", **cli.context_settings)
    text = command.get_help(Context(command, info_name="generate", parent=whole))
    head, _, tail = text.partition("Options with --backbone svd:")
    names = [option.opts[0] for option in command.params if isinstance(option, SvdOption)]
    assert len(names) == 14
    assert all(f"  {name} " in tail and f"  {name} " not in head for name in names)


@pytest.mark.slow
def test_python_takes_the_same_options(desk: Path) -> None:
    told: list[tuple[int, int]] = []
    options = dicetalk.SvdOptions(preset="fast", steps=1, short_side=64, device="cpu")
    video = dicetalk.load(desk / "dice-svd", options)("face.jpg", "speech.wav", size=96)
    assert sum(map(len, video.stream(watch=lambda step: told.append((step.done, step.total))))) == 30
    assert told == [(1, 1)]
    video.save("out.mp4", watch=lambda step: told.append((step.done, step.total)))
    assert told == [(1, 1)] * 2


@pytest.mark.slow
def test_a_stored_own_and_heard_emotion_and_a_timeline_reach_the_frames(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sad = shipped_space().priors["sad"]
    save_priors(desk / "mood.safetensors", {"tender": Prior(sad.mean, np.zeros_like(sad.mean))})
    Path("mood.json").write_text('{"keys": [{"time": 0, "emotion": "happy"}, {"time": 1, "emotion": "angry"}]}')
    seen = set()
    for emotion in ("neutral", "mood.safetensors", "like:speech.wav", "mood.json"):
        assert generate("--backbone", "svd", *QUICK, "-e", emotion) == 0
        err = capsys.readouterr().err
        assert ("resembles" in err) == (emotion in ("mood.safetensors", "like:speech.wav"))
        assert "tender of mood.safetensors resembles sad" in err or emotion != "mood.safetensors"
        seen.add(video(desk))
    assert len(seen) >= 3


def test_an_interrupted_run_leaves_nothing_half_written(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(desk.iterdir())

    def stop(*_: object) -> None:
        raise Stopped(2)

    monkeypatch.setattr("dicetalk.making.write_preview", stop)
    assert generate("--backbone", "svd", *QUICK, "--preview", "look.png") == 130
    assert sorted(desk.iterdir()) == before


def test_nothing_names_cuda_and_the_rules_never_loads_diffusers(desk: Path) -> None:
    sources = Path(dicetalk.__file__).parent.rglob("*.py")
    assert not [path for path in sources if ".cuda()" in path.read_text(encoding="utf-8")]
    program = (
        "import sys; from dicetalk.cli import cli; from dicetalk.cli.failures import run;"
        "assert run(cli, ['generate', '--help']) == 0 and 'torch' not in sys.modules;"
        "assert run(cli, ['generate', 'face.jpg', 'speech.wav', '--size', '64', '-o', 'out.mp4']) == 0;"
        "assert not {'torch', 'diffusers', 'transformers'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_steps_with_time_left_are_shown_on_a_terminal(desk: Path) -> None:
    arguments = [sys.executable, "-m", "dicetalk", "generate", "face.jpg", "speech.wav", "--backbone", "svd", *QUICK]
    text = shown_on_a_terminal([*arguments, "--steps", "2"])
    assert "denoising" in text and "of 2 steps" in text and "left" in text
    assert "of 30 frames" in text and "wrote face.mp4" in text
