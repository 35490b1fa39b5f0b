"""Beats on the words of a line that is spoken by any program."""

from __future__ import annotations

import shutil
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from speech_like import speechlike

from dicetalk.emotion.feeling import mix
from dicetalk.errors import InputError
from dicetalk.media import read_sound
from dicetalk.rates import SPEECH_RATE
from dicetalk.reply.planned import Beat, Planned
from dicetalk.reply.spoken import EXAMPLE, beat_times, course_of, speak, template_parts
from dicetalk.words import alignment

BEATS = (Beat("Thank you all.", mix(sad=0.4)), Beat("Now we go on!", mix(happy=0.8)))
PLANNED = Planned(("",) * 5, "Thank you all. Now we go on!", mix(happy=0.5), BEATS)


def test_beats_share_the_time_by_their_letters() -> None:
    start, middle, end = beat_times(BEATS, None)
    assert start == 0
    assert middle == pytest.approx(end * 11 / 20, abs=0.01)


def test_words_that_are_not_found_share_the_speech_without_its_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "FITS", np.inf)
    silence = np.zeros(SPEECH_RATE, np.int16)
    voice = np.concatenate([silence, speechlike(1.1), silence, speechlike(0.9), silence])
    start, middle, end = beat_times(BEATS, voice)
    assert start == pytest.approx(1.0, abs=0.2)
    assert 2.0 < middle < 3.3
    assert end == pytest.approx(4.0, abs=0.25)


def test_beats_of_no_length_stay_in_order() -> None:
    beats = [Beat(words, mix(happy=0.5)) for words in ("Well", "-", "-", "yes")]
    times = beat_times(beats, None)
    assert all(one < other for one, other in pairwise(times))


def test_a_line_becomes_a_timeline() -> None:
    timeline = course_of(PLANNED).timeline("")
    assert [feeling.strengths for _, feeling in timeline.keys][:2] == [{"sad": 0.4}, {"happy": 0.8}]


needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@needs_espeak
@pytest.mark.parametrize("text", [PLANNED.reply, "--help is all I said; $(touch here) `ls` 'and' \"so\"", "{output}"])
def test_a_program_speaks(tmp_path: Path, text: str) -> None:
    speak(EXAMPLE, text, tmp_path / "line.wav")
    assert read_sound(tmp_path / "line.wav").seconds > 0.3
    assert [path.name for path in tmp_path.iterdir()] == ["line.wav"]


@needs_espeak
def test_words_are_felt_where_they_are_said(tmp_path: Path) -> None:
    speak(EXAMPLE, PLANNED.reply, tmp_path / "line.wav")
    speak(EXAMPLE, BEATS[0].words, tmp_path / "first.wav")
    first = read_sound(tmp_path / "first.wav").seconds
    _, middle, _ = beat_times(BEATS, read_sound(tmp_path / "line.wav").waveform)
    assert middle == pytest.approx(first, abs=0.15)


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("espeak-ng -w {output}", "is not understood"),
        ("{text} {output}", "no program|is not understood"),
        ("", "is not understood"),
        ("espeak-ng -w {output} '{text}", "is not understood"),
        ("no-such-program-here {output} {text}", "there is no program 'no-such-program-here'"),
        (f"{sys.executable} -c 1 {{output}} {{text}}", "what the program wrote is empty"),
        (f"{sys.executable} -c raise {{output}} {{text}}", "ended with code 1"),
    ],
)
def test_a_program_that_does_not_speak_is_told_and_leaves_nothing(tmp_path: Path, template: str, line: str) -> None:
    with pytest.raises(InputError, match=line):
        speak(template, "hello", tmp_path / "line.wav")
    assert not list(tmp_path.iterdir())


def test_a_template_is_cut_as_a_shell_would() -> None:
    parts = ["say", "-o", "{output}", "--voice", "Ann B", "{text}"]
    assert template_parts("say -o {output} --voice 'Ann B' {text}") == parts
