"""The command line as a user meets it: what it writes, what it says, and how it fails."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from command_line import dicetalk, names
from PIL import Image
from scipy.io import wavfile

from dicetalk.files import claimed
from dicetalk.media import Picture, Waveform, probe, write_picture

RATE = 16_000


# ---- what it writes


def test_generate_writes_a_video_and_one_line(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("generate", "face.jpg", "speech.wav", "-e", "happy", "--size", "256", "-o", "out.mp4") == 0
    out, err = capsys.readouterr()
    assert out == ""
    line = r"wrote out\.mp4: 1\.2 s, 218 x 256, 30 frames in \d+\.\d s \(\d+\.\dx real time\)\n"
    assert re.fullmatch(line, err)
    video, sound = probe(desk / "out.mp4")
    assert video and sound
    assert (video.width, video.height, video.fps) == (218, 256, 25)
    assert names(desk) == ["face.jpg", "out.mp4", "speech.wav"]


def test_json_is_one_object(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--size", "128", "--crop", "--seed", "3", "--face", "1", "--motion-out", "curves.csv", "--json")
    assert dicetalk("generate", "face.jpg", "speech.wav", "-e", "sad:0.5", "-o", "out.mp4", *options) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.count("\n") == 1
    record = json.loads(out)
    assert 0 < record.pop("elapsed_s") < 100
    assert record.pop("marks") in ("signed", "plain")  # with or without the extra
    assert record == {
        "output": "out.mp4",
        "frames": 30,
        "fps": 25,
        "width": 128,
        "height": 128,
        "seconds": 1.2,
        "seed": 3,
        "emotion": "sad:0.5",
        "heard": {
            "keys": [{"time": 0.0, "emotion": {"sad": 0.5}, "confidence": 1.0, "why": ""}],
            "fade": 0.6,
            "lacks": "",
        },
        "warnings": [],
        "backbone": "rules",
        "motion_out": "curves.csv",
    }
    rows = (desk / "curves.csv").read_text().splitlines()
    assert len(rows) == 31
    assert names(desk) == ["curves.csv", "face.jpg", "out.mp4", "speech.wav"]


def test_how_the_emotion_was_understood_is_told(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ("generate", "face.jpg", "speech.wav", "--size", "64", "-o", "a.mp4")
    assert dicetalk(*common, "-e", "like:speech.wav") == 0
    told, wrote = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"voice resembles \w+ 0\.\d\d, .*; confidence 0\.\d\d, using \S+", told)
    assert wrote.startswith("wrote a.mp4")
    assert dicetalk(*common, "-e", "like:speech.wav", "--json") == 0
    (key,) = json.loads(capsys.readouterr().out)["heard"]["keys"]
    assert told.startswith(f"{key['why']}; confidence {key['confidence']:.2f}, using ")
    assert dicetalk(*common, "-e", "auto:1") == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and re.search(r"voice", lines[0])  # 1.2 s have one step, whose middle lies at 0.5 s
    assert dicetalk(*common, "-e", "sad") == 0
    assert capsys.readouterr().err.count("\n") == 1  # whoever asked for it knows


def test_what_is_wrong_and_did_not_stop_the_work_is_told(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, gone in (("face.jpg", 2000), ("speech.wav", 8000)):
        (desk / f"cut-{name}").write_bytes((desk / name).read_bytes()[:-gone])
    common = ("generate", "cut-face.jpg", "cut-speech.wav", "--size", "64", "-o", "a.mp4", "-e", "like:cut-speech.wav")
    assert dicetalk(*common) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith("warning: ") for line in lines] == [True, True, False, False]
    assert "cut-face.jpg lacks its last bytes" in lines[0]
    # The speech is read twice, as what drives and as what it is like: told once.
    assert "cut-speech.wav is damaged: 0.25 s of 1.20 s are missing" in lines[1]
    assert dicetalk(*common, "--json") == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == [line.removeprefix("warning: ") for line in lines[:2]]
    assert dicetalk(*common, "--quiet") == 0
    assert capsys.readouterr().err == ""


def test_what_was_asked_for_is_told_quietly_too(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ("generate", "face.jpg", "speech.wav", "--size", "64", "-o", "a.mp4", "-e", "happy")
    assert dicetalk(*common, "--check", "--quiet") == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("check: ")


def test_a_script_in_which_nothing_is_said_is_told_before_any_work(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicetalk.making.load_backbone", lambda *_: pytest.fail("work began"))
    assert dicetalk("generate", "face.jpg", "speech.wav", "-e", "text:[happy]", "-o", "a.mp4") == 2
    assert "holds no words" in capsys.readouterr().err and not (desk / "a.mp4").exists()


def test_moods_of_a_long_clip_are_told_up_to_a_few(
    desk: Path, voice: Waveform, capsys: pytest.CaptureFixture[str]
) -> None:
    wavfile.write(desk / "long.wav", RATE, voice)
    assert dicetalk("generate", "face.jpg", "long.wav", "--size", "64", "-o", "a.mp4", "-e", "auto:1") == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines[:8]] == [f"from {n}.5 s" for n in range(8)]
    assert lines[8] == "and so on to the end (9 in all; --json tells them)"
    assert lines[9].startswith("wrote") and len(lines) == 10


def test_the_output_is_named_after_the_portrait(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("generate", "face.jpg", "speech.wav", "--size", "128", "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert (desk / "face.mp4").is_file()


def test_an_old_output_is_replaced(desk: Path) -> None:
    (desk / "out.mp4").write_text("old")
    assert dicetalk("generate", "face.jpg", "speech.wav", "--size", "128", "-q", "-o", "out.mp4") == 0
    assert probe(desk / "out.mp4")[0] is not None


# ---- how it fails: the table row by row

Arrange = Callable[[Path], tuple[str, ...]]


def write_wav(path: Path, samples: np.ndarray) -> str:
    wavfile.write(path, RATE, samples)
    return path.name


def with_speech(name: str, content: bytes | np.ndarray) -> Arrange:
    def arrange(desk: Path) -> tuple[str, ...]:
        if isinstance(content, bytes):
            (desk / name).write_bytes(content)
        else:
            write_wav(desk / name, content)
        return ("face.jpg", name)

    return arrange


def with_options(*options: str) -> Arrange:
    return lambda desk: ("face.jpg", "speech.wav", *options)


def with_timeline(text: str) -> Arrange:
    def arrange(desk: Path) -> tuple[str, ...]:
        (desk / "mood.json").write_text(text)
        return ("face.jpg", "speech.wav", "-e", "mood.json")

    return arrange


def with_text_as_picture(desk: Path) -> tuple[str, ...]:
    (desk / "notes.png").write_text("not a picture")
    return ("notes.png", "speech.wav")


def with_no_face(desk: Path) -> tuple[str, ...]:
    Image.linear_gradient("L").save(desk / "sky.png")
    return ("sky.png", "speech.wav")


def with_the_recording_as_output(desk: Path) -> tuple[str, ...]:
    write_wav(desk / "other.mp4", np.zeros(RATE, np.int16))
    return ("face.jpg", "speech.wav", "-e", "like:other.mp4", "-o", "other.mp4")


def with_speech_as_output(desk: Path) -> tuple[str, ...]:
    write_wav(desk / "speech.mp4", np.zeros(RATE, np.int16))
    return ("face.jpg", "speech.mp4", "-o", "speech.mp4")


def unknown_codec() -> bytes:
    """A well-formed WAV file whose format tag belongs to no codec."""
    fmt = b"fmt " + (16).to_bytes(4, "little") + b"\x99\x77" + b"\1\0" + RATE.to_bytes(4, "little") * 2 + b"\1\0\x08\0"
    data = b"data" + (8000).to_bytes(4, "little") + bytes(range(250)) * 32
    return b"RIFF" + (4 + len(fmt) + len(data)).to_bytes(4, "little") + b"WAVE" + fmt + data


TIMELINE = '{"keys": [{"time": 0, "emotion": "happy"}, {"time": -1, "emotion": "sad"}]}'

TABLE: dict[str, tuple[Arrange, str]] = {
    "no such portrait": (lambda desk: ("missing.png", "speech.wav"), r"missing\.png cannot be opened \(No such file"),
    "no such speech": (lambda desk: ("face.jpg", "missing.wav"), r"missing\.wav cannot be opened \(No such file"),
    "a folder": (lambda desk: (".", "speech.wav"), r"is a folder; give a file"),
    "not a picture": (with_text_as_picture, r"notes\.png is not a picture"),
    "no face": (with_no_face, r"sky\.png: no face found \(searched .*\); use a picture in which"),
    "face out of range": (with_options("--face", "3"), r"face\.jpg: face 3 asked for, 1 face found"),
    "face 0": (with_options("--face", "0"), r"the face is 0; use 1"),
    "silent": (with_speech("silent.wav", np.zeros(RATE, np.int16)), r"silent\.wav is silent"),
    "empty file": (with_speech("empty.wav", b""), r"empty\.wav is empty"),
    "0 samples": (with_speech("none.wav", np.zeros(0, np.int16)), r"none\.wav "),
    "under 0.2 s": (with_speech("short.wav", np.full(3000, 900, np.int16)), r"short\.wav lasts 0\.188 s"),
    "NaN": (with_speech("nan.wav", np.full(RATE, np.nan, np.float32)), r"nan\.wav has NaN or infinite samples"),
    "unreadable codec": (with_speech("odd.wav", unknown_codec()), r"odd\.wav "),
    "not a sound": (with_speech("text.mp3", b"hello " * 500), r"text\.mp3 "),
    "unknown emotion": (with_options("-e", "hapy"), r"unknown emotion 'hapy'; did you mean 'happy'\?"),
    "strength too high": (with_options("-e", "happy:2"), r"strength 2 of 'happy' is out of range"),
    "strength no number": (with_options("-e", "happy:very"), r"strength 'very' of 'happy' is not a number"),
    "bad timeline": (with_timeline(TIMELINE), r"timeline 'mood\.json': keys\[1\]: "),
    "no timeline": (with_options("-e", "none.json"), r"timeline 'none\.json': none\.json cannot be opened"),
    "no such folder": (with_options("-o", "no/out.mp4"), r"the folder no does not exist"),
    "unwritable folder": (with_options("-o", "/proc/out.mp4"), r"/proc/out\.mp4 cannot be written"),
    "output is a folder": (with_options("-o", "folder.mp4"), r"folder\.mp4 is a folder"),
    "suffix": (with_options("-o", "out.avi"), r"out\.avi ends in '\.avi'; end the output name in \.mp4"),
    "no suffix": (with_options("-o", "out"), r"out ends in 'nothing'"),
    "suffix of the curves": (with_options("--motion-out", "c.txt"), r"c\.txt ends in '\.txt'; .* \.csv"),
    "folder of the curves": (with_options("--motion-out", "no/c.csv"), r"the folder no does not exist"),
    "overwrites the speech": (with_speech_as_output, r"speech\.mp4 is an input and would be overwritten"),
    "overwrites the recording": (with_the_recording_as_output, r"other\.mp4 is an input and would be overwritten"),
    "seed": (with_options("--seed", "-1"), r"the seed is -1"),
    "size": (with_options("--size", "5"), r"the size is 5"),
    "step too short": (with_options("-e", "auto:0"), r"auto:0 is not understood; expected auto, or auto:SECONDS"),
    "like nothing": (with_options("-e", "like:"), r"'like:' names no recording"),
    "no such recording": (with_options("-e", "like:none.mp4"), r"none\.mp4 cannot be opened \(No such file"),
    "no such own emotion": (with_options("-e", "none.safetensors:a"), r"none.safetensors cannot be opened"),
    "backbone": (with_options("--backbone", "gpu"), r"no backbone is called 'gpu'"),
}


@pytest.mark.parametrize("row", TABLE)
def test_errors_are_one_line_and_leave_nothing(row: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if row == "unwritable folder" and not Path("/proc").is_dir():
        pytest.skip("needs /proc, a folder in which even root cannot write")
    (desk / "folder.mp4").mkdir()
    arrange, message = TABLE[row]
    arguments = arrange(desk)
    before = names(desk)
    assert dicetalk("generate", "-o", "out.mp4", "--motion-out", "curves.csv", *arguments) == 2  # the last one counts
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert re.match("error: .*" + message, err), err
    assert names(desk) == before


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "the default name": (("generate", "face.jpg", "speech.wav"), r"face\.mp4 is there already; give an output name"),
    "the demo's": (("demo",), r"demo\.(mp4|png) is there already"),
    "the demo's sheet": (("demo", "-o", "face.mp4"), r"face\.png is there already"),
    "an empty name": (("generate", "face.jpg", "speech.wav", "-o", ""), "the name of a file is empty"),
    "an empty name of a demo": (("demo", "-o", ""), "the name of a file is empty"),
    "an empty name of curves": (("generate", "face.jpg", "speech.wav", "--motion-out", ""), "is empty"),
    "an empty folder": (("train", "embedder-small", "x", "-o", ""), "the name of a folder is empty"),
    "a folder's name": (("generate", "face.jpg", "speech.wav", "-o", "x.mp4/"), r"x\.mp4/ names a folder"),
    "a folder's name for an emotion": (("embed", "speech.wav", "-o", "x.safetensors/"), "names a folder"),
    "a device": (
        ("generate", "face.jpg", "speech.wav", "-o", "o.mp4", "--motion-out", "null.csv"),
        r"null\.csv is a link to",
    ),
    "the corpus itself": (("prepare", "folder", "corpus", "corpus"), "is the corpus itself"),
    "the corpus by another way": (("prepare", "folder", "corpus", "corpus/../corpus/."), "is the corpus itself"),
    "another's table": (("prepare", "folder", "corpus", "other"), "was not written by `dicetalk prepare`"),
}


@pytest.mark.parametrize("row", REFUSED)
def test_what_is_there_stays(row: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("face.mp4", "face.png", "demo.mp4", "demo.png"):
        (desk / name).write_text("theirs")
    (desk / "null.csv").symlink_to("/dev/null")
    for folder in ("corpus", "other"):
        (desk / folder).mkdir()
        shutil.copy(desk / "speech.wav", desk / folder / "a.wav")
        (desk / folder / "clips.csv").write_text("file,identity,emotion\na.wav,me,happy\n")
    before = {path: path.read_bytes() for path in sorted(desk.rglob("*")) if path.is_file()}
    words, says = REFUSED[row]
    assert dicetalk(*words) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and re.search(says, err), err
    assert {path: path.read_bytes() for path in sorted(desk.rglob("*")) if path.is_file()} == before


def test_force_and_an_own_name_replace(desk: Path) -> None:
    for name, words in (("face.mp4", ["--force"]), ("out.mp4", ["-o", "out.mp4"])):
        (desk / name).write_text("theirs")
        assert dicetalk("generate", "face.jpg", "speech.wav", "--size", "64", "-q", *words) == 0
        assert probe(desk / name)[0] is not None


def test_output_is_checked_before_any_work(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("work began")

    monkeypatch.setattr("dicetalk.making.load_backbone", never)
    monkeypatch.setattr("dicetalk.speech.Hearing.whole", never)
    assert dicetalk("generate", "face.jpg", "speech.wav", "-o", "out.avi") == 2
    assert dicetalk("generate", "face.jpg", "speech.wav", "-o", "out.mp4", "--motion-out", "no/c.csv") == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device that is always full")
def test_a_full_disk_is_told(desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def full(path: Path) -> Iterator[Path]:
        if path.suffix == ".mp4":
            (path.parent / ".full.mp4").symlink_to("/dev/full")
            yield path.parent / ".full.mp4"
        else:
            with claimed(path) as temporary:
                yield temporary

    monkeypatch.setattr("dicetalk.files.claimed", full)
    before = names(desk)
    arguments = ("face.jpg", "speech.wav", "--size", "256", "-o", "out.mp4", "--motion-out", "curves.csv")
    assert dicetalk("generate", *arguments) == 2
    err = capsys.readouterr().err
    assert re.fullmatch(r"error: no space left on .* \(free: \d+ MB\); make room\n", err)
    assert names(desk) == before


# ---- the command line as a whole


@pytest.mark.parametrize("closed", [1, 2])
def test_a_closed_stream_is_no_error(desk: Path, closed: int) -> None:
    arguments = f"{sys.executable} -m dicetalk generate face.jpg speech.wav --size 128 -o out.mp4 --json"
    done = subprocess.run(["sh", "-c", f"{arguments} {closed}>&-"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.count("\n") == (closed == 2)
    assert probe(desk / "out.mp4")[0] is not None


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\nsys.argv = ['dicetalk', '--help']\nfrom dicetalk.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"av", "cv2", "numba", "numpy", "onnxruntime", "scipy", "torch"}
    assert heavy.isdisjoint(done.stderr.split())


@pytest.mark.parametrize("command", ["generate", "demo", "emotions", "doctor"])
def test_every_help_has_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk(command, "--help") == 0
    assert f"Examples:\n    dicetalk {command}" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("--version") == 0
    assert re.fullmatch(r"dicetalk \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_odd_names_survive(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("generate", "no\nsuch ü.png", "speech.wav") == 2
    assert capsys.readouterr().err.startswith("error: no such ü.png cannot be opened")


def test_pictures_of_any_kind(desk: Path, hopper_picture: Picture, capsys: pytest.CaptureFixture[str]) -> None:
    write_picture(desk / "grey.png", np.repeat(hopper_picture[::2, ::2].mean(2, keepdims=True), 3, 2).astype(np.uint8))
    assert dicetalk("generate", "grey.png", "speech.wav", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["width"], record["height"]) == (256, 300)
