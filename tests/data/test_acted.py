"""Acted passages: cut in pauses, acted on the true phones, the same again, held-out voices apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from dicetalk.assets import speech as demo
from dicetalk.data.acted import Casting, act_out, passages, prepare_acted
from dicetalk.data.passages import Acted, read_acted
from dicetalk.data.synthetic import Shard
from dicetalk.errors import InputError
from dicetalk.media import read_sound
from dicetalk.motion.basis import lip_parting
from dicetalk.speech.broad import CLOSED, PHONES, SILENCE
from dicetalk.speech.stream import SPEECH

SECONDS = 6
OPTIONS = Casting(seconds=2.0, performances=2, hearings=2, turns=1.0)
VOWEL = PHONES.index("A")


def shard(name: str = "flite en slt") -> Shard:
    """The demo's speech with made-up phones: a vowel, lips shut for .2 s each second, a pause each other second."""
    sound = read_sound(demo()).waveform[: 16000 * SECONDS]
    phones = np.full(100 * SECONDS, VOWEL, np.uint8)
    for second in range(SECONDS):
        phones[100 * second + 40 : 100 * second + 60] = CLOSED[0]
        if second % 2:
            phones[100 * second + 80 : 100 * second + 100] = SILENCE
    return Shard(name, sound, phones, (phones == VOWEL).astype(np.uint8))


def write(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True)
    for name in names:
        one = shard(name)
        tensors: dict[str, NDArray[Any]] = {"sound": one.sound, "phones": one.phones, "voiced": one.voiced}
        save_file(tensors, folder / f"{name.replace(' ', '-')}.safetensors", {"name": name, "licence": "none"})


@pytest.fixture(scope="module")
def acted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acted")
    write(folder / "synthetic", "flite en slt", "flite en rms")
    prepare_acted(folder / "synthetic", folder / "out", OPTIONS)
    return folder


def test_passages_end_in_pauses_and_lose_nothing_but_their_ends() -> None:
    cut = list(passages(shard(), 2.0))
    assert len(cut) >= 2
    for passage in cut:
        assert len(passage.sound) == 160 * len(passage.phones) and len(passage.phones) % 4 == 0
    assert all(SILENCE in passage.phones[-4:] or passage is cut[-1] for passage in cut)
    assert sum(len(passage.phones) for passage in cut) > 0.9 * 100 * SECONDS


def test_lips_shut_where_the_true_phones_say() -> None:
    passage = next(passages(shard(), 2.0))
    motion = act_out(passage, OPTIONS)["motion"][..., :52].astype(np.float64)
    gaps = (motion @ lip_parting()).mean(-1)
    assert np.all(gaps[:, 12] < 0.01)  # .48 s: shut
    assert np.all(gaps[:, 7] > gaps[:, 12] + 0.01)  # .28 s: the vowel


def test_no_blinks_and_no_glances() -> None:
    motion = act_out(next(passages(shard(), 4.0)), Casting(performances=4, turns=0))["motion"].astype(np.float64)
    assert motion[..., 0].max() < 0.5
    assert np.abs(np.diff(motion[..., 1:5], axis=1)).max() < 0.1


def test_feelings_are_weights_that_may_turn() -> None:
    feelings = act_out(next(passages(shard(), 4.0)), OPTIONS)["feelings"].astype(np.float64)
    np.testing.assert_allclose(feelings.sum(-1), 1, atol=2e-3)
    assert any(np.abs(each[0] - each[-1]).max() > 0.05 for each in feelings)


def test_a_folder_goes_on_with_no_other_speech(acted: Path, tmp_path: Path) -> None:
    write(tmp_path / "synthetic", "flite en awb")
    with pytest.raises(InputError, match="was made with speech"):
        prepare_acted(tmp_path / "synthetic", acted / "out", OPTIONS)


def test_what_was_stopped_is_not_learned_from(acted: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_acted(acted / "synthetic", tmp_path, OPTIONS, stop)
    with pytest.raises(InputError, match="is not complete; run the same"):
        read_acted([tmp_path])
    prepare_acted(acted / "synthetic", tmp_path, OPTIONS)
    assert len(read_acted([tmp_path]).starts) == len(read_acted([acted / "out"]).starts)


def test_some_feelings_are_of_two_emotions() -> None:
    passage = next(passages(shard(), 4.0))
    for mixed, most in ((0.0, 1), (1.0, 2)):
        feelings = act_out(passage, Casting(performances=8, hearings=1, turns=0, mixed=mixed))["feelings"][:, 0, 1:]
        assert (feelings > 0).sum(1).max() == most


def test_the_same_again_and_only_what_is_missing(acted: Path, tmp_path: Path) -> None:
    assert prepare_acted(acted / "synthetic", tmp_path, OPTIONS) == len(list((tmp_path / "passages").iterdir()))
    for file in (tmp_path / "passages").iterdir():
        assert file.read_bytes() == (acted / "out" / "passages" / file.name).read_bytes()
    one, two = sorted((tmp_path / "passages").iterdir())[:2]
    one.unlink()
    before = two.stat().st_mtime_ns
    prepare_acted(acted / "synthetic", tmp_path, OPTIONS)
    assert one.exists() and two.stat().st_mtime_ns == before


def test_hearings_are_of_the_same_words_in_other_recordings() -> None:
    speech = act_out(next(passages(shard(), 4.0)), Casting(performances=1, hearings=3))["speech"].astype(np.float64)
    assert speech.shape[::2] == (3, SPEECH)
    assert all(np.abs(speech[0] - other).mean() > 0.01 for other in speech[1:])


def test_passages_of_different_kinds_do_not_mix(acted: Path, tmp_path: Path) -> None:
    prepare_acted(acted / "synthetic", tmp_path, Casting(seconds=2.0, performances=1, hearings=2))
    with pytest.raises(InputError, match="of different kinds"):
        read_acted([acted / "out", tmp_path])


def test_a_folder_goes_on_with_nothing_else(acted: Path) -> None:
    with pytest.raises(InputError, match="was made with seed 0, not 1; give it the same"):
        prepare_acted(acted / "synthetic", acted / "out", replace(OPTIONS, seed=1))


def test_voices_that_are_held_out_are_read_apart(acted: Path) -> None:
    learned, measured = read_acted([acted / "out"]), read_acted([acted / "out"], held_out=True)
    for part in (learned, measured):
        assert isinstance(part, Acted)
        rows = int(part.starts[-1])
        assert part.speech.shape == (2, rows, SPEECH) and part.motion.shape == (2, rows, 58)
        assert part.feelings.shape == (2, rows, 8) and part.resting.shape == (2, len(part.starts) - 1, 52)
    assert not np.array_equal(learned.motion, measured.motion)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="prepare acted"):
        read_acted([tmp_path])
