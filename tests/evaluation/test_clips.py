"""What an embedder reads out of labelled recordings: of faces, voices and both; as a table and by the command."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.io import wavfile

from dicetalk.cli import cli
from dicetalk.data.folder import read_folder
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.vocabulary import HEARD, NAMES
from dicetalk.errors import InputError, MediaError
from dicetalk.evaluation.clips import Read, by_embedder, by_reader, read_clips, table
from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE
from dicetalk.recording import perceive
from dicetalk.sources.like import resembled


@pytest.fixture(scope="module")
def folder(talking: Path, voice: Waveform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video, a voice, a sound that cannot be read, one without a label, one that is not there."""
    folder = tmp_path_factory.mktemp("labelled")
    shutil.copy(talking, folder / "film.mp4")
    wavfile.write(folder / "voice.wav", SPEECH_RATE, voice)
    wavfile.write(folder / "silent.wav", SPEECH_RATE, np.zeros(SPEECH_RATE, np.int16))
    shutil.copy(folder / "voice.wav", folder / "unknown.wav")
    lines = [
        "film.mp4,ann,happy",
        "voice.wav,ann,sadness",
        "silent.wav,ann,fear",
        "unknown.wav,ann,",
        "gone.wav,ann,sad",
    ]
    (folder / "clips.csv").write_text("\n".join(["file,identity,emotion", *lines]))
    return folder


@pytest.mark.slow
def test_clips_are_read_each_way_there_is(folder: Path) -> None:
    told: list[tuple[int, ...]] = []
    reasons: list[str] = []
    clips = [clip for clip in read_folder(folder).clips if clip.emotion]
    ranks = partial(by_embedder, shipped_embedder())
    found = read_clips(clips, ranks, lambda *count: told.append(count), reasons.append)
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert len(reasons) == 1 and "silent.wav is silent" in reasons[0]
    film, voice = found
    assert (film.clip, film.emotion, list(film.ranked)) == ("film", "happy", ["video", "audio", "both"])
    assert (voice.clip, voice.emotion, list(voice.ranked)) == ("voice", "sad", ["audio"])
    assert set(film.ranked["video"]) == set(film.ranked["both"]) == set(NAMES)
    assert set(film.ranked["audio"]) == set(voice.ranked["audio"]) == set(HEARD)
    _, like = resembled([perceive(folder / "film.mp4")], shipped_embedder())
    assert film.ranked["both"] == tuple(name for name, _ in like.ranked())


def test_the_reader_tells_each_way_there_is(folder: Path) -> None:
    found = by_reader(folder / "film.mp4")
    assert found["video"][0] == "happy" and all(sorted(ranked) == sorted(NAMES) for ranked in found.values())
    assert ("audio" in found) == ("both" in found)


def test_the_table_counts_labels_first_and_among_the_first_two() -> None:
    found = [
        Read("one", "happy", {"video": ("happy", "sad", "fear"), "audio": ("sad", "happy"), "both": ("happy", "sad")}),
        Read("two", "sad", {"audio": ("fear", "angry", "sad")}),
    ]
    assert table(found).splitlines() == [
        "| clip | label | video | audio | both |",
        "|---|---|---|---|---|",
        "| one | happy | happy, sad | sad, happy | happy, sad |",
        "| two | sad |  | fear, angry |  |",
        "| | **label first** | 1 of 1 | 0 of 2 | 1 of 1 |",
        "| | **label among the first two** | 1 of 1 | 1 of 2 | 1 of 1 |",
    ]


def test_the_command(folder: Path, tmp_path: Path) -> None:
    words = ["evaluate", "clips", str(folder), "-o", str(tmp_path / "table.md")]
    done = CliRunner().invoke(cli, [*words, "--json"], catch_exceptions=False)
    rows = json.loads(done.stdout)["clips"]
    assert [(row["clip"], row["emotion"]) for row in rows] == [("film", "happy"), ("voice", "sad")]
    left_out = [line for line in done.stderr.splitlines() if line.startswith("left out: ")]
    assert len(left_out) == 2 and any("gone.wav" in line for line in left_out)
    assert (tmp_path / "table.md").read_text().startswith("| clip | label |")


def test_words_that_are_refused(folder: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke
    with pytest.raises(MediaError, match=r"end the output name in \.md"):
        run(cli, ["evaluate", "clips", str(folder), "-o", str(tmp_path / "table.txt")], catch_exceptions=False)
    shutil.copy(folder / "voice.wav", tmp_path / "voice.wav")
    (tmp_path / "clips.csv").write_text("file,identity\nvoice.wav,ann\n")
    with pytest.raises(InputError, match="names no emotion; nothing can be compared"):
        run(cli, ["evaluate", "clips", str(tmp_path)], catch_exceptions=False)
