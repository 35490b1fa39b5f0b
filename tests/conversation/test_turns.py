"""Files of turns: what each format tells, and what is wrong in one clear line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import wavfile
from speech_like import speechlike

from dicetalk.conversation import turns as turns_module
from dicetalk.conversation.turns import FORMATS, read_moments, read_turns
from dicetalk.errors import DiceTalkError, InputError
from dicetalk.rates import SPEECH_RATE

RTTM = """\
;; told apart by a program
SPKR-INFO talk 1 <NA> <NA> <NA> unknown anna <NA> <NA>
SPEAKER talk 1 0.00 1.50 <NA> <NA> anna <NA> <NA>
SPEAKER talk 1 1.20 0.80 <NA> <NA> ben <NA> <NA>
"""
VTT = """\
WEBVTT - a talk

STYLE
::cue { color: red }

NOTE anna and ben

1
00:00.000 --> 00:01.500 align:start
<v Anna>Well, <i>hello</i> &amp; welcome.

00:00:01.500 --> 00:00:03.000
<v.loud Ben>Oh no.</v>
<v Anna>What?</v>
"""
CSV = """\
Start;End;Speaker;Text;note
0;1,5;anna;"Well; hello";x
00:00:01.500;00:00:02.250;ben;Oh no.;
"""


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def told(path: Path) -> list[tuple[float, float, str, str]]:
    return [(round(turn.start, 3), round(turn.end, 3), turn.speaker, turn.text) for turn in read_turns(path)]


def test_rttm_tells_who_speaks_when_together_too(tmp_path: Path) -> None:
    assert told(written(tmp_path, "a.rttm", RTTM)) == [(0, 1.5, "anna", ""), (1.2, 2.0, "ben", "")]


def test_webvtt_tells_who_says_what(tmp_path: Path) -> None:
    assert told(written(tmp_path, "a.vtt", VTT)) == [
        (0, 1.5, "Anna", "Well, hello & welcome."),
        (1.5, 2.318, "Ben", "Oh no."),
        (2.318, 3.0, "Anna", "What?"),
    ]


def test_a_table_tells_who_says_what(tmp_path: Path) -> None:
    assert told(written(tmp_path, "a.csv", CSV)) == [
        (0, 1.5, "anna", "Well; hello"),
        (1.5, 2.25, "ben", "Oh no."),
    ]


def test_a_table_needs_no_text_and_any_order(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "\ufeffspeaker,start,end\r\nben,2,3\r\nanna,0,1\r\n")
    assert told(path) == [(0, 1, "anna", ""), (2, 3, "ben", "")]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.csv", "start,end,speaker\n0,2,anna\n1,3,ben\n", "line 3: ben starts at 1 s, before .* anna"),
        ("a.csv", "start,end,speaker\n0,2,anna\n1,3,anna\n", "line 3: anna starts at 1 s, before .* anna"),
        ("a.rttm", "SPEAKER f 1 0 2 <NA> <NA> a\nSPEAKER f 1 1 2 <NA> <NA> a\n", "line 2: a starts at 1 s"),
        ("a.csv", "start,end,speaker\n-1,2,anna\n", "line 2: the time '-1' is negative"),
        ("a.rttm", "SPEAKER f 1 -1 2 <NA> <NA> a\n", "line 1: the time '-1' is negative"),
        ("a.csv", "start,end,speaker\n2,1,anna\n", "line 2: a turn ends at 1 s"),
        ("a.csv", "start,end,speaker\n2,2,anna\n", "line 2: a turn ends at 2 s"),
        ("a.csv", "start,end,speaker\nnan,2,anna\n", "line 2: 'nan' is no time"),
        ("a.csv", "start,end,speaker\n0,1e9999,anna\n", "'1e9999' is no time"),
        ("a.csv", "start,end,speaker\n0,2,\n", "line 2: the speaker is ''"),
        ("a.csv", "start,end\n0,2\n", "speaker is missing"),
        ("a.csv", "0,2,anna,hello\n", "start is missing"),
        ("a.csv", "start,end,speaker\n0,2\n", "line 2: '0,2' is not understood"),
        ("a.csv", "start,end,speaker,text\n", "no turns"),
        ("a.csv", 'start,end,speaker,text\n0,1,a,"never closed\n', "line 2: unexpected end"),
        ("a.vtt", "1\n00:00 --> 00:01\n<v A>x\n", "does not begin with WEBVTT"),
        ("a.vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n", "line 3: a cue does not say who speaks"),
        ("a.vtt", "WEBVTT\n\n00:00.000 -->\n<v A>x\n", "line 3: '00:00.000 -->' is not understood"),
        ("a.vtt", "WEBVTT\n\nNOTE nothing\n", "no turns"),
        ("a.rttm", "SPEAKER f 1 0\n", "line 1: 'SPEAKER f 1 0' is not understood"),
        ("a.rttm", "hello there\n", "line 1: 'hello there' is not understood"),
        ("a.csv", b"start,end,speaker\n0,1,\xff\xfe\n", "UTF-8"),
        ("a.csv", b"\x00\x01\x02\x03", "no text"),
        ("a.csv", b"", "empty"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, name: str, text: str | bytes, line: str) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(InputError) as raised:
        read_turns(path)
    said = str(raised.value)
    assert re.search(line, said), said
    assert name in said
    assert "\n" not in said
    assert len(said) < 400


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(5_000_000_000)
    with pytest.raises(InputError, match="5000"):
        read_turns(path)


def test_too_many_turns_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "MOST_TURNS", 1)
    with pytest.raises(InputError, match="2 turns; expected 1 to 1"):
        read_turns(written(tmp_path, "a.csv", CSV))


PIECES = st.sampled_from(
    ["SPEAKER", "f", "1", "0", "2.5", "-3", "<NA>", "anna", "WEBVTT", "-->", "00:01.000", "<v Ben>", "</v>", ",", ";",
     '"', "\t", " ", "\n", "\n\n", "start", "end", "speaker", "text", "&#0;", "\x00", "\u202e", "9" * 400, "é"]
)  # fmt: skip
HEADS = st.sampled_from(["", "WEBVTT\n\n", "start,end,speaker,text\n", "WEBVTT\n\n00:00.000 --> 00:01.000\n<v "])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HEADS, st.lists(PIECES, max_size=30), st.sampled_from(sorted(FORMATS)))
def test_anything_is_read_or_refused_in_one_line(tmp_path: Path, head: str, pieces: list[str], suffix: str) -> None:
    path = written(tmp_path, f"any{suffix}", head + "".join(pieces))
    try:
        found = read_turns(path)
    except DiceTalkError as error:
        assert "\n" not in str(error)
    else:
        assert all(0 <= turn.start < turn.end and turn.speaker.isprintable() for turn in found)


def sound_of(folder: Path, *channels: np.ndarray) -> Path:
    path = folder / "talk.wav"
    wavfile.write(path, SPEECH_RATE, np.stack(channels, axis=1) if len(channels) > 1 else channels[0])
    return path


def test_turns_are_cut_out_of_the_recording(tmp_path: Path) -> None:
    sound = sound_of(tmp_path, speechlike(3))
    moments, _ = read_moments(written(tmp_path, "a.csv", CSV), sound)
    assert [len(moment.sound) for moment in moments if moment.sound is not None] == [24_000, 12_000]


def test_turns_of_another_recording_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 3: a turn ends at 2.25 s, and .* lasts 1.0 s"):
        read_moments(written(tmp_path, "a.csv", CSV), sound_of(tmp_path, speechlike(1)))


def test_two_channels_are_two_speakers(tmp_path: Path) -> None:
    voice, silence = speechlike(1.5), np.zeros(round(1.5 * SPEECH_RATE), np.int16)
    left, right = np.concatenate([voice, silence]), np.concatenate([silence, voice])
    moments, _ = read_moments(sound_of(tmp_path, left, right))
    assert [moment.speaker for moment in moments] == ["left", "right"]
    assert moments[0].end <= 1.7
    assert moments[1].start >= 1.3


def test_one_channel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 1 channel; expected one for each speaker"):
        read_moments(sound_of(tmp_path, speechlike(1)))


def test_a_sound_goes_with_turns_only(tmp_path: Path) -> None:
    path = sound_of(tmp_path, speechlike(1))
    with pytest.raises(InputError, match="is no file of turns"):
        read_moments(path, path)
