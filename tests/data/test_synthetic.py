"""Synthesised speech: sentences of catalogues, scripts by seed, phones on their hops, what is held out, going on."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from dicetalk.data import synthetic
from dicetalk.data.catalogues import read_sentences
from dicetalk.data.synthesisers import Spoken, Voice
from dicetalk.data.synthetic import Script, Shard, Synthesis, labelled, prepare_synthetic, read_shards, write_scripts
from dicetalk.errors import InputError
from dicetalk.speech.broad import PHONES

ESPEAK = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="eSpeak NG is not installed")


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


def test_scripts_follow_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "installed", lambda program: True)
    monkeypatch.setattr(synthetic, "espeak_speaks", lambda language: language == "fr")
    monkeypatch.setattr(synthetic, "recordings", lambda voice: ["a", "b"])
    sentences = {"fr": tuple(f"phrase {n}" for n in range(80)), "en": tuple(f"sentence {n}" for n in range(80))}
    one, again, other = (write_scripts(sentences, Synthesis(hours=0.2, seed=seed)) for seed in (0, 0, 1))
    assert one == again and one != other
    assert {script.voice.program for script in one} == {"espeak", "flite", "festival", "recorded"}
    assert one[-1].sentences == ("a", "b")


def fake(voice: Voice, sentences: object, rng: object) -> list[Spoken]:
    return [] if voice.name == "awb" else [Spoken(np.ones(1600, np.int16), [(0.0, "a"), (0.1, "")], "ipa")]


def test_going_on_where_it_was_stopped(locale: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "speak", fake)
    monkeypatch.setattr(synthetic, "installed", lambda program: True)
    monkeypatch.setattr(synthetic, "espeak_speaks", lambda language: False)
    monkeypatch.setattr(synthetic, "recordings", lambda voice: [])
    out = tmp_path / "out"
    made, silent = prepare_synthetic(locale, out, Synthesis(hours=0.01))
    assert silent == 1 and made == len(list(out.glob("*.safetensors"))) == len(list(read_shards(out)))
    first = next(out.glob("flite*"))
    first.unlink()
    kept = {file: file.stat().st_mtime_ns for file in out.iterdir()}
    assert prepare_synthetic(locale, out, Synthesis(hours=0.01)) == (made, silent)
    assert first.exists() and all(file.stat().st_mtime_ns == when for file, when in kept.items())


def test_programs_that_are_not_installed_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "installed", lambda program: program == "flite")
    monkeypatch.setattr(synthetic, "espeak_speaks", lambda language: False)
    monkeypatch.setattr(synthetic, "recordings", lambda voice: [])
    scripts = write_scripts({"en": ("a sentence",)}, Synthesis())
    assert {script.voice.program for script in scripts} == {"flite"}


def test_what_fails_beside_is_told_in_a_line(locale: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(voice: Voice, sentences: object, rng: object) -> list[Spoken]:
        raise InputError("no space left")

    monkeypatch.setattr(synthetic, "speak", fails)
    monkeypatch.setattr(synthetic, "installed", lambda program: program == "flite")
    monkeypatch.setattr(synthetic, "espeak_speaks", lambda language: False)
    monkeypatch.setattr(synthetic, "recordings", lambda voice: [])
    with pytest.raises(InputError, match=r"^no space left$"):
        prepare_synthetic(locale, tmp_path / "out", Synthesis(hours=0.01))


def test_a_file_in_place_of_the_folder(locale: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "installed", lambda program: True)
    monkeypatch.setattr(synthetic, "espeak_speaks", lambda language: False)
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


@pytest.mark.parametrize("held", [b"", b"no tensors", save({"motion": np.zeros(3)})])
def test_other_files_are_told(held: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(held)
    with pytest.raises(InputError, match=r"a\.safetensors is no synthesised speech"):
        list(read_shards(tmp_path))


def test_nothing_prepared(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="dicetalk prepare synthetic"):
        list(read_shards(tmp_path))


@ESPEAK
def test_espeak_knows_its_phones(tmp_path: Path) -> None:
    voice = Voice("espeak", "fr", "m1", "GPL-3+")
    synthetic.write_shard(Script(voice, ("Ma maman parle.",), "0"), tmp_path)
    (shard,) = read_shards(tmp_path)
    assert shard.name == "espeak fr m1" and {"M", "P", "A"} <= {PHONES[phone] for phone in shard.phones}
    assert len(shard.sound) == 160 * len(shard.phones)
