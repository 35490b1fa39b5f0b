"""Scripts as people write them: names, directions, what is asked for; and what is refused, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicetalk.dialogue.script import Line, read_script, script_of
from dicetalk.emotion.feeling import Feeling, mix
from dicetalk.errors import DiceTalkError, InputError


def said(text: str) -> list[tuple[str, str]]:
    return [(line.speaker, line.text) for line in script_of(text)]


ANNA_AND_BEN = [("ANNA", "I lost my dog."), ("BEN", "Oh no.")]


@pytest.mark.parametrize(
    "text",
    [
        "ANNA: I lost my dog.\nBEN: Oh no.",
        "ANNA:I lost my dog.\r\nBEN: Oh no.\r\n",
        "\ufeffANNA: I lost my dog.\n\n\nBEN: Oh no.",
        "ANNA: I lost\nmy dog.\nBEN: Oh no.",
        "ANNA:\nI lost my dog.\n\nBEN:\nOh no.",
        "ANNA: I lost\n\n   my dog.\nBEN: Oh no.",
        "ANNA (whispering): I lost my dog.\nBEN [off]: Oh no.",
        "ANNA: (whispering) I lost (sobs) my dog.\nBEN: Oh no [turns away].",
        "[A park (at night).]\nANNA: I lost my dog.\n(They look around.)\nBEN: Oh no.",
        "# The dog\n\nINT. PARK - DAY\n\nANNA: I lost my dog.\n---\nBEN: Oh no.",
        "**ANNA:** I lost my dog.\n**BEN:** Oh no.",
        "- ANNA: I lost my dog.\n- BEN: Oh no.",
        'ANNA: "I lost my dog."\nBEN: “Oh no.”',
        "ANNA：I lost my dog.\nBEN： Oh no.",
        "ANNA\nI lost my dog.\n\nBEN\n(softly)\nOh no.",
        "INT. PARK - DAY\n\nANNA (V.O.)\nI lost\nmy dog.\n\nBEN\nOh no.",
        "1. ANNA: I lost my dog.\n2. BEN: Oh no.",
        "[00:01] ANNA: I lost my dog.\n[00:07] BEN: Oh no.",
        "00:01 ANNA: I lost my dog.\n00:00:07.250 BEN: Oh no.",
        "ANNA\tI lost my dog.\nBEN\tOh no.",
        "<ANNA> I lost my dog.\n<BEN> Oh no.",
        "ANNA. I lost my dog.\nBEN. Oh no.",
        "INT. PARK - DAY\n\nANNA — I lost my dog.\nBEN - Oh no.",
    ],
)
def test_layouts(text: str) -> None:
    assert said(text) == ANNA_AND_BEN


def test_names_may_be_of_any_kind() -> None:
    names = ["Zoë O'Neil", "Dr. Smith", "李明", "Анна", "GUARD 2", "J.-P.", "अनु"]
    text = "\n".join(f"{name}: Hello, says {name}." for name in names)
    assert [name for name, _ in said(text)] == names


def test_a_name_is_the_same_however_it_is_written() -> None:
    assert said("Anna: One.\nanna: Two.\nANNA : Three.") == [("Anna", "One."), ("Anna", "Two."), ("Anna", "Three.")]


def test_where_names_are_in_capitals_other_colons_are_said() -> None:
    text = "ANNA: Listen to me.\nOne thing: I was there at 12:30.\nBEN: See http://example.org: it is true.\nAnna: Yes."
    assert said(text) == [
        ("ANNA", "Listen to me. One thing: I was there at 12:30."),
        ("BEN", "See http://example.org: it is true."),
        ("ANNA", "Yes."),
    ]


@pytest.mark.parametrize(
    ("head", "asked"),
    [
        ("ANNA", None),
        ("ANNA (whispering)", None),
        ("ANNA [happy:0.7, locked]", mix(happy=0.7)),
        ("ANNA [happy:0.7]", mix(happy=0.7)),
        ("ANNA (sobbing) [sad:0.5,fear:0.2]", mix(sad=0.5, fear=0.2)),
        ("ANNA (angry)", mix(angry=0.8)),
        ("ANNA [LOCKED, Sad]", mix(sad=0.8)),
        ("ANNA [neutral]", Feeling()),
        ("ANNA [off, at 12:30]", None),
    ],
)
def test_what_the_author_asks_for(head: str, asked: Feeling | None) -> None:
    (line,) = script_of(f"{head}: I lost my dog.")
    assert (line.asked is None) == (asked is None)
    assert asked is None or (line.asked is not None and line.asked.strengths == asked.strengths)
    assert line.text == "I lost my dog."


def test_a_line_knows_where_it_stands() -> None:
    assert [line.number for line in script_of("\nANNA: One\n\nBEN: Two\nand more\nANNA: Three")] == [2, 4, 6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nobody says anything"),
        (" \n\n(laughs)\n", "nobody says anything"),
        ("I lost my dog.", "line 1: nobody says 'I lost my dog.'"),
        ("Once upon a time\nANNA: Hi.", "line 1: nobody says 'Once upon a time'"),
        ("ANNA:\nBEN: Oh no.", "line 1: ANNA says nothing"),
        ("ANNA: Hi.\nBEN: (nods)", "line 2: BEN says nothing"),
        ("ANNA [hapy:0.7]: Hi.", "line 1: ANNA: unknown emotion 'hapy'; did you mean 'happy'"),
        ("ANNA [happy:7]: Hi.", "line 1: ANNA: strength 7 of 'happy' is out of range"),
        ("ANNA [locked]: Hi.", "names no feeling"),
        ("ANNA [happy:0.7] (sad): Hi.", "two feelings are asked for"),
        ("ANNA: " + "word " * 2000, "characters at once"),
        ("ANNA: Hi.\n" * 2001, "2001 lines; expected 2000 at most"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        script_of(text)
    assert message in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "script.txt"
    path.write_text("Zoë: Ça va?\nBen: Oh no.", encoding=encoding)
    assert [(line.speaker, line.text) for line in read_script(path)] == [("Zoë", "Ça va?"), ("Ben", "Oh no.")]


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"ANNA: \x00\x01", b"\x89PNG\r\n\x1a\n\x00", b"ANNA: caf\xe9"])
def test_what_is_no_text(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "script.txt"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"script 'script.txt': .*save .* as plain text in UTF-8"):
        read_script(path)


@given(st.text(alphabet=st.sampled_from("AbÄ李 :：()[]*#\"'-.,!?0.7\n\r\t\ufeffhappylocked"), max_size=200))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    check(text)


@given(st.text(max_size=100))
def test_any_unicode_too(text: str) -> None:
    check(text)
    check(f"ANNA: {text}\nBEN: {text}")


def check(text: str) -> None:
    try:
        lines = script_of(text)
    except DiceTalkError as error:
        assert len(str(error).splitlines()) == 1, str(error)
        return
    assert lines
    for line in lines:
        assert isinstance(line, Line) and line.speaker and any(sign.isalnum() for sign in line.text)
        assert line.text == " ".join(line.text.split())


names = st.sampled_from(["ANNA", "BEN", "ZOË", "李明"])
words = st.lists(st.sampled_from(["I", "lost", "my", "dog.", "Oh", "no!", "it's", "late", "(sighs)"]), min_size=1)


@given(st.lists(st.tuples(names, words.filter(lambda some: some != ["(sighs)"] * len(some))), min_size=1))
def test_what_was_written_is_read(lines: list[tuple[str, list[str]]]) -> None:
    text = "\n".join(f"{name}: {' '.join(some)}" for name, some in lines)
    assert said(text) == [(name, " ".join(word for word in some if word != "(sighs)")) for name, some in lines]


@pytest.mark.parametrize("piece", ["(", "()", ")(", "([", "A: (a) ", "A\n", "()\n", "A:x ", ":", "*", "- "])
def test_a_large_script_takes_no_long_time(piece: str) -> None:
    with pytest.raises(InputError):
        script_of(piece * (100_000 // len(piece)))
