"""AFFEC (Seikavandi et al., 2025; CC0): where viewers of emotional clips looked, how wide their pupils were, who they
are, and what they said the person in the clip felt, and they themselves.

Laid out by BIDS, as its README tells (zenodo.org/records/14794876): `participants.tsv` with the Big Five (`O C E A N`);
for each run of a viewer `sub-X/sub-X_task-fer_run-0_events.tsv`, when which clip was shown, beside it in `beh/` a table
`..._beh.tsv` with as many rows, and gaze (62 Hz) and pupils (149 Hz) as `..._recording-gaze_physio.tsv.gz` without a
head, whose columns a `.json` of that name tells. The eye tracker is a Gazepoint; the columns are its maker's. What the
columns of answers are called is not told there: they are found by what their names hold, or named in `AffecColumns`.

| table | columns that are needed |
|---|---|
| `participants.tsv` | `participant_id`, `O`, `C`, `E`, `A`, `N` |
| `..._events.tsv` | `onset`, `duration`; `trial_type`, where it says which events are clips |
| `..._beh.tsv`, else the events | one an answer, as `perceived_arousal`, `p_emotion_arousal`; one with `stim`, `emo` |
| gaze, pupils | any of `FPOGX`, `FPOGY`; any of `LPUPILD`, `RPUPILD`; as far as there, `FPOGV`, `LPUPILV`, `RPUPILV` |

Where one is missing, one error tells all that are, and what is there instead.

We had no copy of it: this was tried on files of our own that are laid out so.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.errors import InputError

ASKED = ("perceived_arousal", "perceived_valence", "felt_arousal", "felt_valence")
"""What viewers said: of the person in the clip, and of themselves."""
TRAITS = ("O", "C", "E", "A", "N")
"""The Big Five: openness, conscientiousness, extraversion, agreeableness, neuroticism."""
RATE = 20.0
"""Of gaze and pupils as they are given out [Hz]."""
LONGEST = 20.0
"""Of a trial; what comes later is left out [s]."""
GAZE, PUPILS = ("FPOGX", "FPOGY"), ("LPUPILD", "RPUPILD")
VALID = {"FPOGX": "FPOGV", "FPOGY": "FPOGV", "LPUPILD": "LPUPILV", "RPUPILD": "RPUPILV"}
PERSON = "participant_id"
MISSING = ("", "n/a")
MOST_TOLD = 300
"""Letters of the columns that a table has, in an error."""


@dataclass(frozen=True, kw_only=True)
class AffecColumns:
    """What the columns of a run's tables are called; "" for those that are to be found by what their names hold.

    An answer is looked for in the table of answers, and where there is none, among the events.

    Attributes:
        perceived_arousal, perceived_valence, felt_arousal, felt_valence: the answers.
        stimulus: the emotion that the clip shows.
        onset, duration: of the clip [s].
        clips: what `trial_type` is of an event in which a clip is shown; "" takes all events.
    """

    perceived_arousal: str = ""
    perceived_valence: str = ""
    felt_arousal: str = ""
    felt_valence: str = ""
    stimulus: str = ""
    onset: str = "onset"
    duration: str = "duration"
    clips: str = ""


@dataclass(frozen=True, eq=False)
class Trial:
    """One clip, as one viewer saw it.

    Attributes:
        viewer: who.
        traits: (5,) of the viewer, as `TRAITS`; NaN where unknown.
        stimulus: what the clip shows, in the corpus' words.
        gaze: (T, 2) where the eyes rested, 0 to 1 of the screen's width and height, `RATE` a second; NaN where unknown.
        pupils: (T, 2) their widths, left and right, as they were measured; NaN where unknown.
        answers: (4,) as `ASKED`.
    """

    viewer: str
    traits: Float32
    stimulus: str
    gaze: Float32
    pupils: Float32
    answers: Float32


def read_affec(folder: Path, columns: AffecColumns | None = None) -> list[Trial]:
    """All trials in which all four questions were answered, in the order of viewers and runs.

    Raises:
        InputError: the folder is no AFFEC, a table lacks a column, or a value is no number.
    """
    columns = columns or AffecColumns()
    people = _table(folder / "participants.tsv")
    _expect(people, (PERSON, *TRAITS), folder / "participants.tsv")
    trials: list[Trial] = []
    for person in people:
        name = person[PERSON]
        traits = np.array([_number(person[trait], folder / "participants.tsv") for trait in TRAITS], np.float32)
        for events in sorted((folder / name).glob("*_events.tsv")):
            trials += _run(events, name, traits, columns)
    if not trials:
        raise InputError(f"{folder} holds no trial of AFFEC; expected sub-X/sub-X_task-fer_run-0_events.tsv and more")
    return trials


def _run(events: Path, viewer: str, traits: Float32, columns: AffecColumns) -> Iterator[Trial]:
    """The trials of one run."""
    stem, beh = events.name.removesuffix("_events.tsv"), events.parent / "beh"
    rows = _table(events)
    _expect(rows, (columns.onset, columns.duration, *(["trial_type"] if columns.clips else [])), events)
    shown = [row for row in rows if columns.clips in ("", row.get("trial_type"))]
    answers = beh / f"{stem}_beh.tsv"
    told = _table(answers) if answers.is_file() else shown
    if len(shown) != len(told):
        raise InputError(
            f"{events} has {len(shown)} clips, {answers.name} {len(told)} answers; say which events show a clip: "
            "--set columns.clips=..., a trial_type"
        )
    if not told:
        return
    found = _columns(told, columns, answers if answers.is_file() else events)
    gaze, pupils = _Recording.of(beh, stem, "gaze"), _Recording.of(beh, stem, "pupil")
    for clip, row in zip(shown, told, strict=True):
        given = np.array([_number(row[found[name]], answers) for name in ASKED], np.float32)
        if np.isnan(given).any():
            continue
        start = _number(clip[columns.onset], events)
        length = min(_number(clip[columns.duration], events), LONGEST)
        if not start >= 0 or not length > 0:
            raise InputError(f"{events} has a clip from {start:g} s of {length:g} s; expected when it was shown")
        times = start + np.arange(int(length * RATE)) / RATE
        yield Trial(viewer, traits, row[found["stimulus"]], gaze.at(times, GAZE), pupils.at(times, PUPILS), given)


@dataclass(frozen=True, eq=False)
class _Recording:
    """What was recorded in a run.

    Attributes:
        values: by the name of the column, (N,) each; empty where nothing was recorded.
        rate: rows a second [Hz].
        start: of the first [s].
    """

    values: Mapping[str, Float64]
    rate: float = 1.0
    start: float = 0.0

    @classmethod
    def of(cls, folder: Path, stem: str, kind: str) -> _Recording:
        """A kind of recording of a run; an empty one where there is none."""
        path = folder / f"{stem}_recording-{kind}_physio.tsv.gz"
        if not path.is_file():
            return cls({})
        about = _about(path.with_name(path.name.removesuffix(".tsv.gz") + ".json"))
        names = [str(name) for name in about["Columns"]]
        expected = GAZE if kind == "gaze" else PUPILS
        if not set(names) & set(expected):
            raise InputError(f"{path} has neither {' nor '.join(expected)}, found {_told(names)}")
        wanted = [*GAZE, *PUPILS, *VALID.values()]
        kept = [number for number, name in enumerate(names) if name in wanted]
        try:
            with gzip.open(path, "rt", encoding="utf-8") as file:
                held = np.genfromtxt(file, delimiter="\t", usecols=kept, missing_values="n/a", ndmin=2)
        except (OSError, EOFError, ValueError) as error:
            raise InputError(f"{path} is no recording ({str(error).splitlines()[0][:100]})") from None
        values = {names[column]: held[:, place] for place, column in enumerate(kept)}
        return cls(values, float(about["SamplingFrequency"]), float(about.get("StartTime", 0)))

    def at(self, times: Float64, names: Sequence[str]) -> Float32:
        """Some columns at times (T,) [s] -> (T, K): the nearest row; NaN where it is not valid or there is none."""
        found = np.full((len(times), len(names)), np.nan, np.float32)
        rows = np.rint((times - self.start) * self.rate).astype(int)
        for place, name in enumerate(names):
            if name not in self.values:
                continue
            held = self.values[name]
            valid = self.values.get(VALID[name], np.ones(len(held))) > 0
            there = (rows >= 0) & (rows < len(held))
            there[there] = valid[rows[there]]
            found[there, place] = held[rows[there]]
        return found


def _about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        assert isinstance(about["Columns"], list) and float(about["SamplingFrequency"]) > 0
    except (OSError, ValueError, KeyError, TypeError, AssertionError):
        raise InputError(f"{path} does not say Columns and SamplingFrequency of the recording beside it") from None
    return dict(about)


def _table(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise InputError(f"no file {path}; expected AFFEC as it is published")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _expect(rows: Sequence[Mapping[str, str]], names: Sequence[str], path: Path) -> None:
    """Refuse a table with other columns; one without rows says nothing."""
    lacks = [name for name in names if rows and name not in rows[0]]
    if lacks:
        raise InputError(
            f"{path} has no column {', '.join(lacks)}; expected {', '.join(names)}, found {_told([*rows[0]])}"
        )


def _columns(rows: Sequence[Mapping[str, str]], columns: AffecColumns, path: Path) -> dict[str, str]:
    """The columns of the answers and of what is shown: those that are named, or the only ones whose names say so."""
    known = [*rows[0]]
    found = {name: _candidates(known, name, getattr(columns, name)) for name in (*ASKED, "stimulus")}
    wrong = {name: names for name, names in found.items() if len(names) != 1}
    if wrong:
        could = {name: f"could be {' or '.join(names)}" if names else "none" for name, names in wrong.items()}
        why = ", ".join(f"{name} ({which})" for name, which in could.items())
        how = " ".join(f"--set columns.{name}=NAME" for name in wrong)
        raise InputError(
            f"{path} does not tell which columns are {why}; expected names such as perceived_arousal, f_valence, "
            f"stim_emo, found {_told(known)}; name them: {how}"
        )
    return {name: names[0] for name, names in found.items()}


def _candidates(known: Sequence[str], what: str, name: str) -> list[str]:
    """Columns that may hold something: the one that is named, or those whose names say so."""
    if name:
        return [column for column in known if column == name]
    if what == "stimulus":
        return [column for column in known if "stim" in column.lower() and "emo" in column.lower()]
    who, scale = what.split("_")
    return [column for column in known if _says(column, who, scale)]


def _told(names: Sequence[str]) -> str:
    told = ", ".join(names)
    return told if len(told) <= MOST_TOLD else f"{told[:MOST_TOLD]} ..."


def _says(column: str, who: str, scale: str) -> bool:
    """Whether a name holds both, as `perceived_arousal`, `p_emotion_arousal` or `Felt Arousal` do."""
    words = column.lower().replace("-", "_").replace(" ", "_").split("_")
    return (who in words or who[0] in words) and scale in words


def _number(text: str | None, path: Path) -> float:
    if text is None or text.strip() in MISSING:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{path} has {text[:40]!r} where a number is expected") from None
