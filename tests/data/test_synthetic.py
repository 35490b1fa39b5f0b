"""Synthesised speech: sentences of catalogues, scripts by seed, phones on their hops, what is held out, going on."""

from __future__ import annotations

import struct
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save

from dicetalk.data import synthetic
from dicetalk.data.catalogues import read_sentences
from dicetalk.data.synthesisers import Spoken, Voice
from dicetalk.data.synthetic import (
    Shard,
    Synthesis,
    chosen_programs,
    labelled,
    prepare_synthetic,
    read_shards,
    write_scripts,
)
from dicetalk.errors import InputError
from dicetalk.files import HIDDEN
from dicetalk.speech.broad import PHONES


def catalogue(pairs: dict[str, str], order: str = "<") -> bytes:
    """A message catalogue as `msgfmt` writes it."""
    texts = [text.encode() for pair in sorted(pairs.items()) for text in pair]
    count, place = len(pairs), 28 + 16 * len(pairs)
    tables: list[list[int]] = [[], []]
    for number, text in enumerate(texts):
        tables[number % 2] += [len(text), place]
        place += len(text) + 1
    head = struct.pack(f"{order}7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0)
    return head + struct.pack(f"{order}{4 * count}I", *tables[0], *tables[1]) + b"".join(text + b"\0" for text in texts)


@pytest.fixture
def locale(tmp_path: Path) -> Path:
    folder = tmp_path / "locale/xx_YY/LC_MESSAGES"
    folder.mkdir(parents=True)
    pairs = {
        "": "Content-Type: text/plain",
        "The file is not there.": "Die Datei ist _nicht da.",
        "%d files were found here": "es waren %d Dateien da",
        "Open": "Auf",
    }
    (folder / "one.mo").write_bytes(catalogue(pairs))
    (folder / "two.mo").write_bytes(catalogue({"Please wait a moment.": "Bitte ein wenig warten."}, ">"))
    (folder / "broken.mo").write_bytes(b"nothing")
    return tmp_path / "locale"


def test_plain_sentences_of_catalogues(locale: Path) -> None:
    assert read_sentences(locale) == {
        "en": ("Please wait a moment.", "The file is not there."),
        "xx-yy": ("Bitte ein wenig warten.", "Die Datei ist nicht da."),
    }


def test_no_catalogues(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no message catalogues"):
        read_sentences(tmp_path)


def test_labels_lie_on_their_hops() -> None:
    spoken = Spoken(np.ones(16000, np.int16), [(0.0, "m"), (0.2, "aɪ"), (0.8, ""), (1.0, "")], "ipa")
    sound, phones, voiced = labelled(spoken, 0.5)
    assert len(sound) == 160 * len(phones) == 160 * len(voiced) == 24000
    names = [PHONES[phone] for phone in phones]
    assert names[:20] == ["M"] * 20 and names[20:50] == ["A"] * 30 and names[50:80] == ["I"] * 30
    assert set(names[80:]) == {"SIL"} and voiced[:80].all() and not voiced[80:].any() and not sound[16000:].any()


@pytest.mark.parametrize(
    ("name", "held_out"),
    [("espeak de m1", True), ("espeak fr f4", True), ("flite en rms", True), ("festival it lp_diphone", False)],
)
def test_what_is_held_out(name: str, held_out: bool) -> None:
    nothing = np.zeros(0, np.uint8)
    assert Shard(name, nothing.astype(np.int16), nothing, nothing).held_out == held_out


ALL = ("espeak", "flite", "festival")


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The programs of this machine and their versions, which a test may change; French is what eSpeak NG speaks."""
    found = dict.fromkeys(ALL, "1.0")
    monkeypatch.setattr(synthetic, "version", found.get)
    monkeypatch.setattr(synthetic, "known_languages", lambda languages: [each for each in languages if each == "fr"])
    monkeypatch.setattr(synthetic, "has_voice", lambda name: True)
    monkeypatch.setattr(synthetic, "recordings", lambda voice: [])
    monkeypatch.setattr(synthetic, "speak", fake)
    return found


def fake(voice: Voice, sentences: tuple[str, ...], rng: object, stopped: object) -> Generator[Spoken, None, None]:
    """Says each sentence but the first, a voice of them nothing at all."""
    for _ in sentences[1:] if voice.name != "awb" else ():
        yield Spoken(np.ones(1600, np.int16), [(0.0, "a"), (0.1, "")], "ipa")


def test_scripts_follow_the_seed(programs: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "recordings", lambda voice: ["a", "b"])
    sentences = {"fr": tuple(f"phrase {n}" for n in range(80)), "en": tuple(f"sentence {n}" for n in range(80))}
    one, again, other = (write_scripts(sentences, Synthesis(hours=0.2, seed=seed), ALL) for seed in (0, 0, 1))
    assert one == again and one != other
    assert {script.voice.program for script in one} == {"espeak", "flite", "festival", "recorded"}
    assert one[-1].sentences == ("a", "b")


def test_programs_share_the_hours(programs: dict[str, str]) -> None:
    sentences = {"en": tuple(f"sentence {n}" for n in range(3000))}
    alone, beside = (write_scripts(sentences, Synthesis(hours=1), each) for each in (("flite",), ("flite", "festival")))
    count = sum(len(script.sentences) for script in alone)
    assert count == pytest.approx(3600 / synthetic.SENTENCE_S, abs=3)
    assert sum(len(script.sentences) for script in beside) == pytest.approx(count, abs=5)


def test_voices_that_are_not_there_are_not_read_by_others(
    programs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthetic, "has_voice", lambda name: name == "kal_diphone")
    scripts = write_scripts({"en": ("a sentence",), "it": ("una frase",)}, Synthesis(), ("festival",))
    assert [script.voice.name for script in scripts] == ["kal_diphone"]


SHORT = Synthesis(hours=0.06)


def test_going_on_where_it_was_stopped(locale: Path, tmp_path: Path, programs: dict[str, str]) -> None:
    out = tmp_path / "out"
    made = prepare_synthetic(locale, out, SHORT)
    assert [voice.name for voice in made.silent] == ["awb"] and made.skipped == made.voices
    assert made.voices == len(list(out.glob("*.safetensors"))) == len(list(read_shards(out)))
    first = next(out.glob("flite*"))
    first.unlink()
    kept = {file: file.stat().st_mtime_ns for file in out.glob("*.safetensors")}
    assert prepare_synthetic(locale, out, SHORT) == made
    assert first.exists() and all(file.stat().st_mtime_ns == when for file, when in kept.items())


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (replace(SHORT, hours=0.02), "hours 0.06, not 0.02"),
        (replace(SHORT, seed=1), "seed 0, not 1"),
        (replace(SHORT, programs=("flite",)), "programs .*, not flite 1.0"),
    ],
)
def test_a_folder_knows_by_what_it_was_made(
    options: Synthesis, what: str, locale: Path, tmp_path: Path, programs: dict[str, str]
) -> None:
    prepare_synthetic(locale, tmp_path / "out", SHORT)
    before = {file: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    with pytest.raises(InputError, match=f"out was made with {what}; give it the same, or give another folder"):
        prepare_synthetic(locale, tmp_path / "out", options)
    assert {file: file.read_bytes() for file in (tmp_path / "out").iterdir()} == before


def test_other_sentences_or_versions_make_another_folder(
    locale: Path, tmp_path: Path, programs: dict[str, str]
) -> None:
    prepare_synthetic(locale, tmp_path / "out", SHORT)
    programs["flite"] = "2.0"
    with pytest.raises(InputError, match=r"flite 1\.0.*, not .*flite 2\.0"):
        prepare_synthetic(locale, tmp_path / "out", SHORT)
    programs["flite"] = "1.0"
    (locale / "xx_YY/LC_MESSAGES/three.mo").write_bytes(catalogue({"Something else is here.": "Noch etwas ist da."}))
    with pytest.raises(InputError, match="made with sentences"):
        prepare_synthetic(locale, tmp_path / "out", SHORT)


def test_workers_change_nothing(locale: Path, tmp_path: Path, programs: dict[str, str]) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    prepare_synthetic(locale, one, SHORT)
    prepare_synthetic(locale, two, replace(SHORT, workers=3))
    assert {file.name: file.read_bytes() for file in one.iterdir()} == {
        file.name: file.read_bytes() for file in two.iterdir()
    }


def test_stopped_in_the_middle(
    locale: Path, tmp_path: Path, programs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_synthetic(locale, out, replace(SHORT, workers=2), stop)
    with pytest.raises(InputError, match="out is not finished; run the same"):
        list(read_shards(out))
    (out / f"{HIDDEN}1-0123456789ab.safetensors").write_bytes(b"half")
    made = prepare_synthetic(locale, out, SHORT)
    assert len(list(read_shards(out))) == made.voices


def test_a_file_that_was_lost_is_missed(locale: Path, tmp_path: Path, programs: dict[str, str]) -> None:
    prepare_synthetic(locale, tmp_path, SHORT)
    (tmp_path / "flite-en-slt.safetensors").unlink()
    with pytest.raises(InputError, match=r"lacks flite-en-slt\.safetensors, 1 files in all"):
        list(read_shards(tmp_path))


def test_programs_that_are_not_installed_are_told(locale: Path, tmp_path: Path, programs: dict[str, str]) -> None:
    del programs["festival"]
    made = prepare_synthetic(locale, tmp_path / "out", SHORT)
    assert made.lacking == ("festival",)
    assert "without festival, which is not installed (apt-get install festival)" in list(made.lines())


def test_espeak_is_needed_unless_others_are_named(locale: Path, tmp_path: Path, programs: dict[str, str]) -> None:
    del programs["espeak"]
    wanted = r"^espeak is not installed, .*; apt-get install libespeak-ng1, or .*: --programs flite,festival$"
    with pytest.raises(InputError, match=wanted):
        prepare_synthetic(locale, tmp_path / "out", SHORT)
    assert not (tmp_path / "out").exists()
    made = prepare_synthetic(locale, tmp_path / "out", replace(SHORT, programs=("flite",)))
    assert made.lacking == () and made.voices == 4


@pytest.mark.parametrize("names", ["say", "flite,say", ""])
def test_programs_that_nobody_knows(names: str) -> None:
    with pytest.raises(InputError, match="is no program that speaks; give some of espeak,flite,festival"):
        chosen_programs(names)


def test_programs_in_whatever_order() -> None:
    assert chosen_programs("flite, espeak") == chosen_programs("espeak,flite") == ("espeak", "flite")


def test_what_fails_beside_is_told_in_a_line(
    locale: Path, tmp_path: Path, programs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(voice: Voice, *others: object) -> Generator[Spoken, None, None]:
        raise InputError("no space left")
        yield

    monkeypatch.setattr(synthetic, "speak", fails)
    with pytest.raises(InputError, match=r"^no space left$"):
        prepare_synthetic(locale, tmp_path / "out", SHORT)
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["made.json"]


def test_a_file_in_place_of_the_folder(locale: Path, tmp_path: Path, programs: dict[str, str]) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(InputError, match="cannot be written"):
        prepare_synthetic(locale, tmp_path / "out", Synthesis())


def test_a_catalogue_that_lacks_its_end(tmp_path: Path) -> None:
    folder = tmp_path / "xx/LC_MESSAGES"
    folder.mkdir(parents=True)
    whole = catalogue({"Please wait a moment.": "Bitte ein wenig warten."})
    for length in range(len(whole)):
        (folder / f"{length}.mo").write_bytes(whole[:length])
    assert "en" in read_sentences(tmp_path)


def tensors(**changed: NDArray[Any]) -> dict[str, NDArray[Any]]:
    plain: dict[str, NDArray[Any]] = {
        "sound": np.zeros(1600, np.int16),
        "phones": np.zeros(10, np.uint8),
        "voiced": np.zeros(10, np.uint8),
    }
    return plain | changed


@pytest.mark.parametrize(
    "held",
    [
        b"",
        b"no tensors",
        save({"motion": np.zeros(3)}),
        save(tensors()),
        save(tensors(sound=np.zeros(1600, np.float32)), {"name": "a b c"}),
        save(tensors(sound=np.zeros(1500, np.int16)), {"name": "a b c"}),
        save(tensors(voiced=np.zeros(9, np.uint8)), {"name": "a b c"}),
        save(tensors(phones=np.full(10, 24, np.uint8)), {"name": "a b c"}),
    ],
    ids=["empty", "bytes", "others", "no name", "type", "length", "voiced", "phone"],
)
def test_other_files_are_told(held: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(held)
    with pytest.raises(InputError, match=r"a\.safetensors is no synthesised speech"):
        list(read_shards(tmp_path))


def test_nothing_prepared(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="dicetalk prepare synthetic"):
        list(read_shards(tmp_path))
