"""AFFEC's layout is read: trials cut out of runs, answers found by what their columns are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affec_like import CLIP, PAUSE, write_affec

from dicetalk.data.affec import RATE, AffecColumns, read_affec
from dicetalk.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_affec(tmp_path / "affec", viewers=2, clips=3)


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_trials_are_cut_out_of_runs(folder: Path) -> None:
    trials = read_affec(folder)
    assert [trial.viewer for trial in trials] == ["sub-a"] * 3 + ["sub-b"] * 3
    second = trials[1]
    assert second.stimulus == "happy" and second.answers[:2].tolist() == [6, 8]
    assert second.gaze.shape == second.pupils.shape == (int(CLIP * RATE), 2)
    assert second.traits.shape == (5,) and np.isfinite(second.traits).all()
    known = np.isfinite(second.gaze[:, 0])
    assert 0.7 < known.mean() < 1  # one row of seven is not valid
    share = second.gaze[known, 1] * 3 * (CLIP + PAUSE)  # the time, as it was written
    np.testing.assert_allclose(share, (CLIP + PAUSE + np.arange(len(known)) / RATE)[known], atol=0.02)
    assert np.isfinite(second.pupils[:, 0]).all() and np.isnan(second.pupils[:, 1]).all()  # the right is never valid
    np.testing.assert_allclose(second.pupils[:, 0], 3 + (second.answers[2] - 1) / 8, atol=2e-3)


def test_without_an_eye_tracker_there_are_answers(folder: Path) -> None:
    for path in folder.rglob("*_physio*"):
        path.unlink()
    trial = read_affec(folder)[0]
    assert np.isnan(trial.gaze).all() and np.isnan(trial.pupils).all() and np.isfinite(trial.answers).all()


def test_what_was_not_answered_is_left_out(folder: Path) -> None:
    changed(folder / "sub-a" / "beh" / "sub-a_task-fer_run-0_beh.tsv", "happy\t6", "happy\tn/a")
    assert len(read_affec(folder)) == 5


def test_columns_can_be_named(folder: Path) -> None:
    for name in ("a", "b"):
        for old, new in (("p_emotion_arousal", "q1"), ("stim_emo", "clip")):
            changed(folder / f"sub-{name}" / "beh" / f"sub-{name}_task-fer_run-0_beh.tsv", old, new)
    with pytest.raises(InputError, match=r"which columns are perceived_arousal \(none\), stimulus \(none\)") as told:
        read_affec(folder)
    assert "found clip, q1, p_emotion_valence, f_arousal, f_valence" in str(told.value) and "\n" not in str(told.value)
    assert "name them: --set columns.perceived_arousal=NAME --set columns.stimulus=NAME" in str(told.value)
    assert read_affec(folder, AffecColumns(perceived_arousal="q1", stimulus="clip"))[0].answers[0] == 8


def test_two_columns_that_could_be_one_are_told(folder: Path) -> None:
    changed(folder / "sub-a" / "beh" / "sub-a_task-fer_run-0_beh.tsv", "f_valence", "felt_arousal")
    with pytest.raises(InputError, match=r"felt_arousal \(could be f_arousal or felt_arousal\), felt_valence \(none\)"):
        read_affec(folder)


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        (
            "participants.tsv",
            "\tO\tC\t",
            "\topen\tcons\t",
            "no column O, C; expected participant_id, O, C, E, A, N, f",
        ),
        ("participants.tsv", "participant_id", "who", "no column participant_id; "),
        ("sub-a/sub-a_task-fer_run-0_events.tsv", "onset", "start", "no column onset; expected onset, duration, found"),
        (
            "sub-a/beh/sub-a_task-fer_run-0_recording-gaze_physio.json",
            "FPOG",
            "X",
            "neither FPOGX nor FPOGY, found CNT",
        ),
    ],
)
def test_other_columns_are_one_clear_line(name: str, old: str, new: str, says: str, folder: Path) -> None:
    changed(folder / name, old, new)
    with pytest.raises(InputError, match=says) as told:
        read_affec(folder)
    assert "\n" not in str(told.value)


def test_events_without_a_clip_can_be_passed_over(folder: Path) -> None:
    events = folder / "sub-a" / "sub-a_task-fer_run-0_events.tsv"
    events.write_text(events.read_text() + "9.0\t1.0\tquestions\n")
    with pytest.raises(InputError, match=r"4 clips, sub-a_task-fer_run-0_beh\.tsv 3 answers"):
        read_affec(folder)
    assert len(read_affec(folder, AffecColumns(clips="clip"))) == 6


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("participants.tsv", "\t30\t", "\t30\tx", "where a number is expected"),
        ("sub-a/sub-a_task-fer_run-0_events.tsv", "\t1.0\t", "\t0\t", "expected when it was shown"),
        ("sub-a/beh/sub-a_task-fer_run-0_recording-gaze_physio.json", "Columns", "Rows", "does not say Columns"),
    ],
)
def test_what_is_wrong_is_told_with_its_file(name: str, old: str, new: str, says: str, folder: Path) -> None:
    changed(folder / name, old, new)
    with pytest.raises(InputError, match=says):
        read_affec(folder)


def test_another_folder_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="expected AFFEC as it is published"):
        read_affec(tmp_path)
    (folder / "sub-a" / "beh" / "sub-a_task-fer_run-0_recording-gaze_physio.tsv.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match="is no recording"):
        read_affec(folder)
