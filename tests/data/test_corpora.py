"""Readers against miniature trees in each corpus' published layout; splits never share an identity."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from places import SHARED

from dicetalk.data.clip import Corpus
from dicetalk.data.crema_d import read_crema_d
from dicetalk.data.folder import read_folder
from dicetalk.data.hdtf import read_hdtf
from dicetalk.data.mead import read_mead
from dicetalk.data.ravdess import HELD_OUT, read_ravdess
from dicetalk.errors import InputError


def plant(root: Path, names: Iterable[str]) -> Path:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return root


def told(corpus: Corpus) -> list[tuple[str, str, str | None, float]]:
    return [(clip.name, clip.identity, clip.emotion, clip.strength) for clip in corpus.clips]


def reasons(corpus: Corpus) -> dict[str, str]:
    return {drop.file.name: drop.reason for drop in corpus.dropped}


def test_ravdess(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        [
            "Audio_Speech_Actors_01-24/Actor_12/03-01-06-02-02-01-12.wav",
            "Audio_Speech_Actors_01-24/Actor_17/03-01-02-01-01-02-17.wav",
            "Video_Speech_Actor_01/Actor_01/01-01-03-01-01-01-01.mp4",
            "Video_Speech_Actor_01/Actor_01/02-01-03-01-01-01-01.mp4",  # without sound
            "Audio_Song_Actors_01-24/Actor_01/03-02-03-01-01-01-01.wav",  # a song
            "Actor_01/03-01-09-01-01-01-01.wav",
            "Actor_01/03-01-01-01-01-01.wav",
            "Actor_01/._03-01-01-01-01-01-01.wav",  # left by a Mac
            "Actor_01/readme.txt",
            "copy/03-01-06-02-02-01-12.wav",
        ],
    )
    corpus = read_ravdess(root)
    assert told(corpus) == [
        ("01-01-03-01-01-01-01", "ravdess_01", "happy", 0.6),
        ("03-01-02-01-01-02-17", "ravdess_17", "neutral", 0.6),
        ("03-01-06-02-02-01-12", "ravdess_12", "fear", 1.0),
    ]
    assert [clip.video is None for clip in corpus.clips] == [False, True, True]
    assert "emotion '09'" in reasons(corpus)["03-01-09-01-01-01-01.wav"]
    assert "6 numbers" in reasons(corpus)["03-01-01-01-01-01.wav"]
    assert "second recording" in reasons(corpus)["03-01-06-02-02-01-12.wav"]
    assert len(corpus.dropped) == 3


def test_crema_d(tmp_path: Path) -> None:
    names = ["AudioWAV/1001_IEO_ANG_HI.wav", "VideoFlash/1001_IEO_ANG_HI.flv", "AudioWAV/1091_WSI_NEU_XX.wav",
             "AudioWAV/1092_WSI_NEU_XX.wav", "AudioWAV/1001_IEO_JOY_HI.wav", "AudioWAV/1001_IEO_ANG.wav"]  # fmt: skip
    corpus = read_crema_d(plant(tmp_path, names))
    assert told(corpus) == [
        ("1001_IEO_ANG_HI", "crema_d_1001", "angry", 1.0),
        ("1091_WSI_NEU_XX", "crema_d_1091", "neutral", 0.7),
    ]
    assert corpus.clips[0].video == tmp_path / "VideoFlash/1001_IEO_ANG_HI.flv"
    assert corpus.clips[1].video is None
    assert set(reasons(corpus)) == {"1092_WSI_NEU_XX.wav", "1001_IEO_JOY_HI.wav", "1001_IEO_ANG.wav"}


def test_mead(tmp_path: Path) -> None:
    corpus = read_mead(
        plant(
            tmp_path / "MEAD",
            [
                "M003/video/front/angry/level_2/014.mp4",
                "M003/video/left_30/angry/level_2/014.mp4",
                "M003/audio/angry/level_2/014.m4a",
                "W009/video/front/neutral/level_1/001.mp4",
                "W009/video/front/bored/level_1/001.mp4",
                "W009/video/front/happy/level_4/001.mp4",
                "notes/extra.mp4",
            ],
        )
    )
    assert told(corpus) == [
        ("M003_angry_level_2_014", "mead_M003", "angry", 0.7),
        ("W009_neutral_level_1_001", "mead_W009", "neutral", 0.4),
    ]
    first, second = corpus.clips
    assert first.sound and first.sound.suffix == ".m4a"
    assert second.sound == second.video
    assert sorted(reasons(corpus)) == ["001.mp4", "extra.mp4"] and len(corpus.dropped) == 3


def test_hdtf(tmp_path: Path) -> None:
    names = ["RD_Radio1_000.mp4", "RD_Radio2_000.mp4", "WDA_JoeManchin0_000.mp4", "WDA_JoeManchin1_002.mp4",
             "WRA_A_B_003.mp4", "other.mp4"]  # fmt: skip
    corpus = read_hdtf(plant(tmp_path, names))
    identities = ["hdtf_RD_Radio1", "hdtf_RD_Radio2", "hdtf_WDA_JoeManchin", "hdtf_WDA_JoeManchin", "hdtf_WRA_A_B"]
    assert [clip.identity for clip in corpus.clips] == identities
    assert {clip.emotion for clip in corpus.clips} == {None}
    assert list(reasons(corpus)) == ["other.mp4"]


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    plant(tmp_path, ["day1/a.mp4", "b.wav", "c.wav", "d.wav"])
    (tmp_path / "clips.csv").write_text(
        "file,identity,emotion,strength\nday1/a.mp4,ann,joy,0.5\nb.wav,bob,,\nc.wav,bob,hapy,\nd.wav,,sad,\n"
        "gone.wav,bob,sad,\nb.wav,bob,sad,\nc.wav,bob,sad,2\n"
    )
    corpus = read_folder(tmp_path)
    assert told(corpus) == [("b", "folder_bob", None, 0.8), ("day1_a", "folder_ann", "happy", 0.5)]
    assert corpus.clips[0].video is None and corpus.clips[1].video is not None
    lines = [drop.reason for drop in corpus.dropped]
    assert [line.split(":")[0] for line in lines] == ["line 4", "line 5", "line 6", "line 7", "line 8"]
    assert "did you mean" in lines[0] and "no identity" in lines[1] and "no such file" in lines[2]


READERS = [read_ravdess, read_crema_d, read_mead, read_hdtf, read_folder]


@pytest.mark.parametrize("read", READERS)
def test_a_wrong_folder_says_what_was_looked_for(read: Callable[[Path], Corpus], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected|looked for"):
        read(tmp_path / "gone")
    plant(tmp_path, ["holiday.mp4", "song.wav"])
    with pytest.raises(InputError, match=r"expected|looked for"):
        read(tmp_path)


@pytest.mark.parametrize("text", ["file,who\n", "file,identity\n", "\udcff"])
def test_a_table_that_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"clips\.csv"):
        read_folder(tmp_path)


def test_the_recordings_at_hand() -> None:
    folder = SHARED / "data" / "ravdess"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/ravdess, which a clone does not have")
    corpus = read_ravdess(folder)
    held = [clip for clip in corpus.clips if clip.identity in HELD_OUT]
    assert (len(corpus.clips), len(held), corpus.dropped) == (1200, 240, ())
