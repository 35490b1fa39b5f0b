"""Recordings as passages for motion: heard, seen or acted, of people who are learned from or held out; and refusals."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from acted_passages import write_acted
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from scipy.io import wavfile

from dicetalk.data.clip import Clip
from dicetalk.data.film import Film
from dicetalk.data.passages import RECORDING, Tensors, corpora, read_acted, read_passages
from dicetalk.data.prepare import Report, prepare
from dicetalk.data.ravdess import read_ravdess
from dicetalk.data.recorded import HELD_OUT_SHARE, MotionPreparation, is_kept_apart
from dicetalk.data.samples import Preparation
from dicetalk.errors import InputError
from dicetalk.media import Waveform
from dicetalk.motion.basis import lip_parting
from dicetalk.motion.space import EYES, index
from dicetalk.rates import SPEECH_RATE
from dicetalk.speech.stream import SPEECH

HAPPY, APART, SHORT = "03-01-03-01-01-01-01", "03-01-05-02-01-01-17", "03-01-06-01-01-01-02"
WAY = MotionPreparation(faces=2, voices=1)


@pytest.fixture(scope="module")
def source(voice: Waveform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A happy clip of 2 s, an angry one by somebody who is held out, and one that is too short."""
    folder = tmp_path_factory.mktemp("ravdess")
    for name, seconds in ((HAPPY, 2.0), (APART, 1.5), (SHORT, 0.5)):
        wavfile.write(folder / f"{name}.wav", SPEECH_RATE, voice[16000 : 16000 + round(seconds * SPEECH_RATE)])
    return folder


@pytest.fixture(scope="module")
def prepared(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    out = tmp_path_factory.mktemp("prepared")
    return out, prepare(read_ravdess(source), out, WAY)


def passage(out: Path, name: str) -> Tensors:
    return load_file(out / "passages" / f"{name}.safetensors")


def test_a_sound_is_heard_and_acted_in_its_own_emotion(prepared: tuple[Path, Report], source: Path) -> None:
    out, report = prepared
    assert (report.clips, report.new) == (2, 2)
    found = {name: each.astype(np.float64) for name, each in passage(out, HAPPY).items()}
    shapes = {"speech": (2, 50, SPEECH), "motion": (2, 50, 58), "resting": (2, 52), "feelings": (2, 50, 8)}
    assert {name: each.shape for name, each in found.items()} == shapes
    assert all(np.isfinite(each).all() for each in found.values())
    np.testing.assert_allclose(found["feelings"][:, :, [0, 5]].mean((0, 1)), [0.4, 0.6], atol=1e-3)
    assert found["motion"][..., index("mouthSmileLeft")].mean() > 0.1
    assert found["motion"][..., index("eyeBlinkLeft")].max() < 0.5
    gaps = (found["motion"][..., :52] @ lip_parting()).mean(-1)
    assert gaps.min() < 0.01 < gaps.max()


def test_a_clip_that_teaches_nothing_is_dropped_with_the_reason(prepared: tuple[Path, Report], tmp_path: Path) -> None:
    assert [(drop.file.stem, drop.reason[:13]) for drop in prepared[1].dropped] == [(SHORT, "it lasts 0.5 ")]
    unlabelled = Clip(name="a", corpus="folder", identity="folder_a", sound=tmp_path / "a.wav")
    told = WAY.make(unlabelled, tmp_path)
    assert "no emotion is known" in str(told) and not list(tmp_path.iterdir())


def test_a_film_shows_one_performance_about_a_resting_face(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = np.random.default_rng(0).uniform(0, 1, (46, 58)).astype(np.float32)
    seen[:, 52:] *= 0.1
    monkeypatch.setattr(
        "dicetalk.data.recorded.watched",
        lambda clip, voice: Film(seen, None, (0, 0, 9, 9), np.zeros((len(seen), 478, 3))),
    )
    clip = next(clip for clip in read_ravdess(source).clips if clip.name == HAPPY)
    (tmp_path / "passages").mkdir()
    told = WAY.make(clip, tmp_path)
    found = {name: each.astype(np.float32) for name, each in passage(tmp_path, HAPPY).items()}
    assert "seen=True" in str(told) and found["speech"].shape == (2, 46, SPEECH)
    assert not found["resting"].any() and found["motion"].shape == (1, 46, 58)
    lids = [index("eyeBlinkLeft"), index("eyeBlinkRight")]
    kept = np.setdiff1d(np.arange(58), [*lids, *np.flatnonzero(EYES)])
    np.testing.assert_allclose(found["motion"][0][:, kept], seen[:, kept], atol=1e-3)
    assert not found["motion"][0][:, lids].any()


def test_the_same_again_and_only_what_changed(source: Path, prepared: tuple[Path, Report], tmp_path: Path) -> None:
    again = prepare(read_ravdess(source), tmp_path, replace(WAY, workers=2))
    assert again.new == 2
    for file in (tmp_path / "passages").iterdir():
        assert file.read_bytes() == (prepared[0] / "passages" / file.name).read_bytes()
    (tmp_path / "passages" / f"{HAPPY}.safetensors").unlink()
    assert prepare(read_ravdess(source), tmp_path, WAY).new == 1
    clip = read_ravdess(source).clips[0]
    assert WAY.known(clip, tmp_path) is not None
    assert WAY.known(replace(clip, emotion="sad"), tmp_path) is None


def test_people_who_are_held_out(prepared: tuple[Path, Report]) -> None:
    learned, measured = read_acted([prepared[0]]), read_acted([prepared[0]], held_out=True)
    assert learned.motion.shape == (2, 50, 58) and measured.motion.shape[1] < 50
    with safe_open(prepared[0] / "passages" / f"{APART}.safetensors", "numpy") as file:
        assert json.loads(file.metadata()[RECORDING])["held_out"] is True


def test_of_other_corpora_a_share_of_the_people_is_held_out() -> None:
    people = [Clip(name="a", corpus="crema_d", identity=f"crema_d_{n}", sound=None) for n in range(1000)]
    assert abs(np.mean([is_kept_apart(clip) for clip in people]) - HELD_OUT_SHARE) < 0.03
    mead = Clip(name="a", corpus="mead", identity="mead_M003", sound=None)
    assert is_kept_apart(mead) and not is_kept_apart(replace(mead, identity="mead_M005"))


def test_recordings_mix_with_what_has_as_many_faces_and_voices(prepared: tuple[Path, Report], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="faces: 2; voices: 0 or 1"):
        read_acted([prepared[0], write_acted(tmp_path / "acted")])


@pytest.mark.parametrize("seen", [True, False])
def test_only_what_was_filmed_may_have_one_performance(
    seen: bool, prepared: tuple[Path, Report], tmp_path: Path
) -> None:
    """It stands for all of them."""
    (tmp_path / "passages").mkdir()
    (tmp_path / "clips.csv").write_text("name\nfilm\n")
    tensors = passage(prepared[0], HAPPY)
    filmed = {name: each if name == "speech" else each[:1] for name, each in tensors.items()}
    told = {RECORDING: json.dumps({"held_out": False, "corpus": "folder", "found": {"seen": seen}})}
    save_file(filmed, tmp_path / "passages" / "film.safetensors", told)
    assert corpora(read_passages([prepared[0], tmp_path])) == ("folder", "ravdess")
    if not seen:
        with pytest.raises(InputError, match="faces: 1 or 2; voices: 1"):
            read_acted([prepared[0], tmp_path])
        return
    both = read_acted([prepared[0], tmp_path])
    assert np.array_equal(both.motion[:, 50:], np.repeat(filmed["motion"], 2, 0)) and both.resting.shape == (2, 2, 52)


def test_what_the_table_does_not_name_is_not_learned_from(source: Path, tmp_path: Path) -> None:
    prepare(read_ravdess(source), tmp_path, WAY)
    with (tmp_path / "clips.csv").open() as file:
        lines = list(csv.reader(file))
    with (tmp_path / "clips.csv").open("w") as file:
        csv.writer(file).writerows(line for line in lines if HAPPY not in line)
    with pytest.raises(InputError, match="voices to learn from"):
        read_acted([tmp_path])
    (tmp_path / "clips.csv").unlink()
    with pytest.raises(InputError, match=r"has no clips\.csv; run `dicetalk prepare` again, to its end"):
        read_acted([tmp_path])


def narrower(tensors: Tensors) -> Tensors:
    return tensors | {"speech": tensors["speech"][..., 1:]}


def shorter(tensors: Tensors) -> Tensors:
    return tensors | {"motion": tensors["motion"][:, 1:]}


def endless(tensors: Tensors) -> Tensors:
    return tensors | {"motion": np.full_like(tensors["motion"], np.nan)}


def lacking(tensors: Tensors) -> Tensors:
    return {name: each for name, each in tensors.items() if name != "resting"}


@pytest.mark.parametrize(
    ("spoil", "told"),
    [(narrower, "119 columns"), (shorter, "do not fit"), (endless, "not finite"), (lacking, "resting")],
)
def test_a_file_that_does_not_fit(
    spoil: Callable[[Tensors], Tensors], told: str, prepared: tuple[Path, Report], tmp_path: Path
) -> None:
    (tmp_path / "passages").mkdir()
    spoilt = {name: np.ascontiguousarray(each) for name, each in spoil(passage(prepared[0], HAPPY)).items()}
    save_file(spoilt, tmp_path / "passages" / "a.safetensors", {"voice": "flite en slt"})
    with pytest.raises(InputError, match=rf"a\.safetensors .*{told}[^\n]*run `dicetalk prepare` again$"):
        read_acted([tmp_path])


@pytest.mark.parametrize("kept", [0, 5, 200])
def test_a_damaged_file(kept: int, prepared: tuple[Path, Report], tmp_path: Path) -> None:
    data = write_acted(tmp_path / "acted")
    file = data / "passages" / "0.safetensors"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"0\.safetensors cannot be read [^\n]*run `dicetalk prepare` again$"):
        read_acted([data])


def test_a_folder_with_nothing_of_the_kind_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="wrong has no acted speech"):
        read_acted([write_acted(tmp_path / "acted"), tmp_path / "wrong"])


def test_a_folder_is_for_one_purpose(source: Path, prepared: tuple[Path, Report], tmp_path: Path) -> None:
    corpus = read_ravdess(source)
    with pytest.raises(InputError, match="was prepared for motion"):
        prepare(corpus, prepared[0], Preparation())
    (tmp_path / "clips").mkdir()
    with pytest.raises(InputError, match="was prepared for the embedder"):
        prepare(corpus, tmp_path, WAY)
    with pytest.raises(InputError, match="was made with faces 2, not 3"):
        prepare(corpus, prepared[0], replace(WAY, faces=3))
