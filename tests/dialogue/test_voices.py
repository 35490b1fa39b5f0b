"""Voices: recordings that are cut at their pauses, folders, commands without a shell."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from dicetalk.dialogue.cast import Player, cast_of, player_of, players_of
from dicetalk.dialogue.voices import RATE, Spoken, check_voice, spoken, synthesiser_of
from dicetalk.errors import ConfigError, InputError, MediaError

TEXTS = ["word " * 6, "word " * 2, "word " * 12]


def talk(seconds: float, rate: int = 16_000) -> np.ndarray:
    """Something that is heard as speech: syllables of noise."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(round(seconds * 1000)).normal(0, 4000, len(time))
    return (noise * (0.6 + 0.4 * np.sin(2 * np.pi * 5 * time))).astype(np.int16)


def recording(path: Path, lengths: list[float], pauses: list[float]) -> Path:
    parts = []
    for length, pause in zip(lengths, pauses, strict=True):
        parts += [talk(length), np.zeros(round(pause * 16_000), np.int16)]
    wavfile.write(path, 16_000, np.concatenate(parts))
    return path


def lengths(lines: list[Spoken]) -> list[float]:
    return [round(line.seconds, 1) for line in lines]


def said(player: Player, texts: list[str], folder: Path, command: str | None = None) -> list[Spoken]:
    synthesiser = None if command is None else synthesiser_of(command)
    check_voice(player, synthesiser)
    return spoken(player, texts, synthesiser, folder, lambda: None)


def test_a_recording_is_cut_where_it_fits_the_lines(tmp_path: Path, hopper: Path) -> None:
    """The longest pause is inside the last line, which is as long as its text."""
    path = recording(tmp_path / "a.wav", [1.2, 0.4, 1.2, 1.2], [0.4, 0.4, 0.5, 0.2])
    lines = said(Player("a", hopper, str(path)), TEXTS, tmp_path)
    assert lengths(lines) == pytest.approx([1.36, 0.56, 3.06], abs=0.11)


def test_a_single_line_is_all_of_its_recording(tmp_path: Path, hopper: Path) -> None:
    path = recording(tmp_path / "a.wav", [0.5, 0.5], [0.5, 0.5])
    assert lengths(said(Player("a", hopper, str(path)), ["word"], tmp_path)) == [2.0]


def test_too_few_pauses(tmp_path: Path, hopper: Path) -> None:
    path = recording(tmp_path / "a.wav", [1.0, 1.0], [0.5, 0.1])
    with pytest.raises(InputError, match=r"a\.wav has 2 stretches of speech .* a has 3 lines"):
        said(Player("a", hopper, str(path)), TEXTS, tmp_path)


def test_a_folder_has_a_recording_a_line(tmp_path: Path, hopper: Path) -> None:
    folder = tmp_path / "lines"
    folder.mkdir()
    for number, length in ((10, 0.9), (2, 0.6), (1, 0.3)):
        wavfile.write(folder / f"{number}.wav", 16_000, talk(length))
    (folder / "notes.txt").write_text("none")
    player = Player("a", hopper, str(folder))
    assert lengths(said(player, TEXTS, tmp_path)) == [0.3, 0.6, 0.9]
    with pytest.raises(InputError, match="has 3 recordings; expected 1, one for each line of a"):
        said(player, TEXTS[:1], tmp_path)


def speaking(folder: Path, code: str) -> str:
    """A command that runs some Python with what is said and where to write."""
    script = folder / "speak.py"
    script.write_text(f"import sys, wave\ntext, output = sys.argv[1:3]\n{code}\n")
    return shlex.join([sys.executable, str(script), "{text}", "{output}"])


WRITES = """\
from random import Random
noise = Random(1)
with wave.open(output, 'wb') as file:
    file.setparams((1, 2, 16000, 0, 'NONE', None))
    file.writeframes(b''.join(noise.randbytes(1) + bytes([noise.randint(0, 9)]) for _ in range(1600 * len(text))))
"""


def test_a_command_speaks(tmp_path: Path, hopper: Path) -> None:
    lines = said(Player("a", hopper), ["four", "and five six"], tmp_path, speaking(tmp_path, WRITES))
    assert lengths(lines) == [0.4, 1.2]
    assert lines[0].samples.dtype == np.int16 and len(lines[0].samples) == round(0.4 * RATE)


@pytest.mark.parametrize("text", ["a; touch touched", "$(touch touched)", "-h", "\"'", "{output}", "{text}", "a\nb"])
def test_what_is_said_is_never_run(tmp_path: Path, hopper: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = f"assert text.strip() == {text!r}, text\nassert not text.startswith('-')\n{WRITES}"
    assert said(Player("a", hopper), [text], tmp_path, speaking(tmp_path, code))
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("sys.exit('no such voice')", r"the text-to-speech command speak ended with code 1 \(no such voice\)"),
        ("pass", "wrote no sound to {output}"),
        ("open(output, 'w').write('no sound')", "line.wav"),
    ],
)
def test_a_command_that_fails(tmp_path: Path, hopper: Path, code: str, message: str) -> None:
    with pytest.raises((InputError, MediaError), match=message) as raised:
        said(Player("a", hopper), ["word"], tmp_path, speaking(tmp_path, code))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "is empty"),
        ("nosuchprogram {text} {output}", "'nosuchprogram' is not found"),
        (f"{sys.executable} {{text}}", "has no {output}; it stands for the WAV file"),
        (f"{sys.executable} {{output}}", "has no {text}; it stands for what is said"),
        ("'", "is no command line"),
    ],
)
def test_commands_that_are_none(command: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        synthesiser_of(command)


def test_everybody_has_a_voice(hopper: Path) -> None:
    plain, voiced = (synthesiser_of(f"{sys.executable} {{text}} {{output}} {more}") for more in ("", "{voice}"))
    check_voice(Player("a", hopper, str(hopper)), None)  # a file
    check_voice(Player("a", hopper), plain)
    check_voice(Player("a", hopper, "en+f3"), voiced)
    for player, command, message in (
        (Player("a", hopper), None, r"a has no voice \(there is none\)"),
        (Player("a", hopper, "gone.wav"), None, r"gone\.wav is not there"),
        (Player("a", hopper, "gone.wav"), plain, r"write {voice} into --tts, or give a recording"),
        (Player("a", hopper), voiced, "name it behind the portrait"),
    ):
        with pytest.raises(InputError, match=message):
            check_voice(player, command)


def test_players_as_typed(tmp_path: Path, hopper: Path) -> None:
    assert player_of(f"anna={hopper},anna.wav") == Player("anna", hopper, "anna.wav")
    assert player_of(f" Anna B = {hopper}".replace("= ", "=")) == Player("Anna B", hopper)
    odd = tmp_path / "a,b.jpg"
    odd.write_bytes(hopper.read_bytes())
    assert player_of(f"anna={odd}") == Player("anna", odd)
    assert player_of(f"anna={odd},v.wav") == Player("anna", odd, "v.wav")
    for text in ("anna", "=a.png", "anna=", "anna=gone.png,a.wav"):
        with pytest.raises(InputError):
            player_of(text)


def test_a_whole_cast_behind_each_other(hopper: Path, tmp_path: Path) -> None:
    ben = Player("ben", hopper, "ben.wav")
    assert players_of(f"anna={hopper},anna.wav,ben={hopper},ben.wav") == [Player("anna", hopper, "anna.wav"), ben]
    assert players_of(f"anna={hopper},ben={hopper},ben.wav") == [Player("anna", hopper), ben]
    with pytest.raises(InputError, match="the cast is 'ben='"):
        players_of(f"anna={hopper},anna.wav,ben=")


def test_a_file_may_be_called_like_a_player(hopper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("take=2.wav").touch()
    assert players_of(f"anna={hopper},take=2.wav") == [Player("anna", hopper, "take=2.wav")]


def test_who_plays_whom(hopper: Path) -> None:
    anna, ben = Player("anna", hopper), Player("Ben", hopper)
    assert cast_of([ben, anna], ["ANNA", "BEN"]) == (anna, ben)
    for players, message in (
        ([anna], "nobody plays BEN; add --cast ben="),
        ([anna, ben, Player("ANNA", hopper)], "ANNA is in the cast twice"),
        ([anna, ben, Player("carl", hopper)], "carl has no line in the script, which has ANNA, BEN"),
    ):
        with pytest.raises(InputError, match=message):
            cast_of(players, ["ANNA", "BEN"])
