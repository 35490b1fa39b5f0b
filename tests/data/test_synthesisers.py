"""Programs that speak: those of this machine, and made ones that fail at a sentence, are killed, or find no room."""

from __future__ import annotations

import os
import random
import sys
import wave
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from dicetalk.data import espeak, synthesisers
from dicetalk.data.synthesisers import Spoken, Voice, known_languages, speak, version
from dicetalk.data.synthetic import Script, read_shards, write_shard
from dicetalk.errors import DiceTalkError, InputError
from dicetalk.speech.broad import PHONES

ESPEAK = pytest.mark.skipif(version("espeak") is None, reason="eSpeak NG is not installed")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="makes programs by scripts")

FLITE = """#!{python}
import os, signal, sys, wave
words = dict(zip(sys.argv[1:], sys.argv[2:]))
if "crash" in words["-t"]:
    os.kill(os.getpid(), signal.SIGSEGV)
if "killed" in words["-t"]:
    os.kill(os.getpid(), signal.SIGKILL)
if "wrong" in words["-t"]:
    sys.exit("no such word")
print("pau:0.05 m:0.10 ")
with wave.open(words["-o"], "wb") as file:
    file.setnchannels(1), file.setsampwidth(2), file.setframerate(16000)
    file.writeframes(bytes(3200))
"""
FESTIVAL = """#!{python}
import os, re, signal, sys, wave
for line in sys.stdin:
    if found := re.search(r'save.wave u "(.*?)".*save.segs u "(.*?)"', line):
        if "crash" in line:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "wrong" in line:
            open(found[2], "w").close()
            continue
        with wave.open(found[1], "wb") as file:
            file.setnchannels(1), file.setsampwidth(2), file.setframerate(16000)
            file.writeframes(bytes(3200))
        open(found[2], "w").write("#\\n0.1 100 m\\n")
"""
SENTENCES = ("one", "a crash", "two", "a wrong one", "three")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Flite and Festival by scripts, before others on the path."""
    for name, script in (("flite", FLITE), ("festival", FESTIVAL)):
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(script.format(python=sys.executable))
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def spoken(program: str, *sentences: str, stopped: bool = False) -> list[Spoken]:
    voice = Voice(program, "en", "slt", "")
    said: Generator[Spoken, None, None] = speak(voice, sentences, random.Random(0), lambda: stopped)
    with closing(said):
        return list(said)


@POSIX
@pytest.mark.parametrize("program", ["flite", "festival"])
def test_a_sentence_that_fails_is_left_out_alone(program: str, programs: Path) -> None:
    said = spoken(program, *SENTENCES)
    assert len(said) == 3 and all(len(each.sound) == 1600 and each.phones[-1] == (0.1, "") for each in said)


@POSIX
@pytest.mark.parametrize("program", ["flite", "festival"])
def test_stopped_before_its_end(program: str, programs: Path) -> None:
    with pytest.raises(DiceTalkError, match="stopped"):
        spoken(program, "one", "two", stopped=True)


@POSIX
def test_a_program_that_somebody_kills_is_told(programs: Path) -> None:
    """Else a voice would lack a sentence, and no other run would have the same."""
    with pytest.raises(DiceTalkError, match=r"flite was killed \(signal 9;.*run the same again"):
        spoken("flite", "one", "is killed", "two")


@POSIX
def test_no_room_for_what_a_program_writes(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: Path) -> None:
        raise InputError(f"no space left on {folder}")

    monkeypatch.setattr(synthesisers, "_check_room", full)
    with pytest.raises(InputError, match="no space left"):
        spoken("flite", "wrong")


def test_a_sound_that_lacks_its_end(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 16000, 0, "NONE", ""))
        sound.writeframes(bytes(3200))
    file.write_bytes(file.read_bytes()[:1000])
    assert list(synthesisers._written(file, [(0.1, "m")], "en")) == []


def test_programs_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    version.cache_clear()
    assert version("flite") is None and version("festival") is None
    version.cache_clear()
    with pytest.raises(InputError, match="flite cannot be run"):
        spoken("flite", "one")


LACKING = """
import sys
sys.path.insert(0, {folder!r})
import espeak
espeak.LIBRARIES = ("libnothing.so.1",)
espeak.main()
"""


def test_espeak_without_its_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "lacking.py"
    script.write_text(LACKING.format(folder=str(Path(espeak.__file__).parent)))
    words = (sys.executable, str(script), "version")
    monkeypatch.setitem(synthesisers._VERSIONS, "espeak", words)
    version.cache_clear()
    assert version("espeak") is None
    version.cache_clear()


@ESPEAK
def test_espeak_knows_its_phones(tmp_path: Path) -> None:
    voice = Voice("espeak", "fr", "m1", "GPL-3+")
    write_shard(Script(voice, ("Ma maman parle.",), "0"), tmp_path)
    (shard,) = read_shards(tmp_path)
    assert shard.name == "espeak fr m1" and {"M", "P", "A"} <= {PHONES[phone] for phone in shard.phones}
    assert PHONES[shard.phones[0]] == "M", "the first phones of the first sentence"
    assert len(shard.sound) == 160 * len(shard.phones)


@ESPEAK
def test_espeak_says_the_same_again() -> None:
    voice = Voice("espeak", "fr", "m1", "GPL-3+")
    one, two = ([*speak(voice, ("Oui, oui.", "Ma maman."), random.Random(3), bool)] for _ in range(2))
    assert len(one) == 2
    assert all(a.phones == b.phones and np.array_equal(a.sound, b.sound) for a, b in zip(one, two, strict=True))


@ESPEAK
def test_languages_that_espeak_knows() -> None:
    assert known_languages(["de", "no-language", "fr"]) == ["de", "fr"]


@POSIX
def test_espeak_that_ends_at_a_sentence_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = '{"rate": 16000, "samples": 1600, "phones": [[0, "m"]]}'
    script = f"""
import os, signal, sys
for line in sys.stdin:
    if "crash" in line:
        os.kill(os.getpid(), signal.SIGSEGV)
    sys.stdout.buffer.write({answer!r}.encode() + b"\\n" + bytes(3200))
    sys.stdout.flush()
"""
    monkeypatch.setattr(synthesisers, "_ESPEAK", (sys.executable, "-c", script))
    assert len(spoken("espeak", "one", "crash", "two", "crash", "crash", "three")) == 3
