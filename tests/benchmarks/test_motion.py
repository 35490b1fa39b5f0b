"""How motion is measured: by lips that do what they should or not, and all of it at the size of a test."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import motion_feelings
import motion_lips
import numpy as np
import pytest
from safetensors.numpy import save_file

from dicetalk.arrays import UInt8
from dicetalk.assets import speech as demo
from dicetalk.emotion.space import SHIPPED
from dicetalk.media import read_sound
from dicetalk.motion.space import Motion, index
from dicetalk.speech.broad import CLOSED, PHONES, SILENCE

FRAMES = 100
A = PHONES.index("A")
JAW = index("jawOpen")


def phones() -> UInt8:
    """Of four seconds: a vowel, each second a p of .16 s, and a pause of a second at the end."""
    said = np.full(4 * FRAMES, A, np.uint8)
    for start in (40, 140, 240):
        said[start : start + 16] = CLOSED[0]
    said[300:] = SILENCE
    return said


def mouth(open_jaw: UInt8 | float) -> Motion:
    motion = Motion.still(FRAMES)
    motion.shapes[:, JAW] = open_jaw
    return motion


def speaking(late: int = 0) -> Motion:
    """A jaw that opens in the vowels alone, some frames late."""
    return mouth(np.roll(phones()[::4] == A, late).astype(np.uint8))


@pytest.mark.parametrize(
    ("motion", "closure", "false", "pause"),
    [(speaking(), 1.0, 0.0, 1.0), (mouth(0.0), 1.0, 1.0, 1.0), (mouth(0.5), 0.0, 0.0, 0.0)],
    ids=["as said", "shut", "open"],
)
def test_lips(motion: Motion, closure: float, false: float, pause: float) -> None:
    found = motion_lips.measure(motion, phones(), speaking())
    shares = [found[name][0] / found[name][1] for name in ("closure", "false closure", "shut in pauses")]
    assert shares == [closure, false, pause]
    assert [found[name][1] for name in ("closure", "false closure", "shut in pauses")] == [3, 4, 80]


@pytest.mark.parametrize("late", [-1, 0, 2])
def test_lips_that_lag(late: int) -> None:
    found = motion_lips.measure(speaking(late), phones(), speaking())
    assert found["lag"] == (40 * late, 1)
    assert (found["opening r"][0] > 0.999) == (late == 0)


def test_a_still_face_neither_lags_nor_leads() -> None:
    found = motion_lips.measure(mouth(0.0), phones(), speaking())
    assert found["lag"][1] == found["opening r"][1] == 0


def test_clips_put_together() -> None:
    share = motion_lips.together([(1, 2), (3, 4), (4, 4)])
    assert share is not None and share.value == 0.8 and share.low == 0.5 and share.high == 1.0
    assert motion_lips.together([(0, 0)]) is None


def test_a_way_to_another_feeling() -> None:
    after, change = Motion.still(4), Motion.still(4)
    after.shapes[:, index("browInnerUp")] = 0.8
    change.shapes[:, index("browInnerUp")] = [0, 0.2, 0.4, 0.8]
    np.testing.assert_allclose(motion_feelings.way(change, Motion.still(4), after), [0, 0.25, 0.5, 1], atol=1e-6)


def write_voices(folder: Path) -> Path:
    folder.mkdir()
    sound = read_sound(demo()).waveform[: 640 * FRAMES]
    for name in ("flite en rms", "espeak de f1", "flite en slt"):
        tensors = {"sound": np.roll(sound, len(name)), "phones": phones(), "voiced": (phones() == A).astype(np.uint8)}
        save_file(tensors, folder / f"{name.replace(' ', '-')}.safetensors", {"name": name})
    return folder


@pytest.mark.slow
@pytest.mark.skipif(not SHIPPED.is_dir(), reason="no embedder is shipped")
def test_all_of_it(
    tiny_motion: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = importlib.import_module("motion")  # a folder of the tests has its name
    monkeypatch.setattr(motion_feelings, "FEELINGS", ("happy", "sad"))
    monkeypatch.setattr(motion_feelings, "PAIRS", (("happy", "sad"),))
    monkeypatch.setattr(bench, "NOISES", (("white", 20), ("babble", 0)))
    monkeypatch.setattr(bench, "SCALES", (1.0,))
    given = [str(write_voices(tmp_path / "voices")), "--model", str(tiny_motion), "-o", str(tmp_path / "out")]
    bench.main([*given, "--passages", "4", "--few", "1", "--guidance"])
    figures = json.loads((tmp_path / "out" / "motion.json").read_text())
    assert figures["lips"][bench.CEILING]["opening r"] == pytest.approx({"value": 1, "low": 1, "high": 1, "of": 2})
    assert {bench.MODEL, "model, another's sound", "model, no emotion", "silent face"} < set(figures["lips"])
    assert (tmp_path / "out" / "motion.md").read_text() == capsys.readouterr().out
    assert (tmp_path / "out" / "guidance.png").stat().st_size > 5000
