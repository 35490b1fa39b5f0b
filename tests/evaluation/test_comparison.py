"""Videos beside their controls and a reference."""

from __future__ import annotations

from dataclasses import replace

import pytest
from footages import footage, mouth_of
from measured import measured, rows

from dicetalk.commands import Command
from dicetalk.evaluation.appearance import Appearance
from dicetalk.evaluation.clip_set import Options
from dicetalk.evaluation.comparison import Comparison, compare, other_sound

OTHERS = ("SIL", "O", "P", "A", "E", "M", "T", "I", "P", "AX", "SIL")
CONTROLS = ("videos, a mouth that follows loudness", "videos, a still face")
ONE, OTHER = footage("one"), footage("other", mouth_of(OTHERS))


def values(comparison: Comparison, key: str) -> dict[str, float]:
    return {column.name: column.figures[key].value for column in comparison.columns if key in column.figures}


def test_controls_are_made_of_the_clips_themselves() -> None:
    found = compare([measured("one", ONE), measured("other", OTHER)], [], Options())
    assert [column.name for column in found.columns] == ["videos", "videos, another clip's sound", *CONTROLS]
    closure, wrong, opening = (values(found, key) for key in ("closure", "false_closure", "opening"))
    assert closure["videos"] == 1 > closure["videos, another clip's sound"]
    assert wrong["videos"] == 0 < wrong["videos, a still face"] == 1
    assert opening["videos"] > 0.9 > 0.5 > opening["videos, another clip's sound"]
    assert "videos, a still face" not in opening
    assert values(found, "blinks") == {"videos": 0, "videos, a still face": 0}


def test_clips_that_all_say_the_same_have_no_other_sound() -> None:
    takes = [footage("one_0"), footage("one_1")]
    assert other_sound(takes[0], takes) is None
    assert other_sound(takes[1], [*takes, OTHER]) is OTHER
    found = compare([measured(clip.name, clip) for clip in takes], [], Options())
    assert [column.name for column in found.columns] == ["videos", *CONTROLS]


def test_a_reference_stands_beside_with_its_own_floor() -> None:
    long = [replace(footage(f"clip {n}", noise=0.01 * (n + 1))) for n in range(4)]
    reference = [measured(clip.name, clip, wanted="sad") for clip in long]
    found = compare([measured("one", ONE, wanted="happy")], reference, Options(seam_every=1.0))
    assert [column.name for column in found.columns][-1] == "reference"
    assert set(values(found, "head_spectra")) == {"videos", "reference"}
    assert values(found, "emotion_own") == {"videos": 1.0, "reference": 0.0}
    assert "seams" in {figure.key for figure in found.figures}


def test_what_is_not_known_has_no_line() -> None:
    keys = {figure.key for figure in compare([measured("one", ONE)], [], Options()).figures}
    assert keys.isdisjoint({"emotion_own", "identity", "fid", "fvd", "lse_d", "lse_c", "seams", "head_spectra"})
    assert {"closure", "jitter", "head_speed"} <= keys


def test_each_judge_has_its_line_and_is_not_asked_for_what_it_does_not_know() -> None:
    options = Options(judges=(Command("judge", ("fer", "{frames}")),))
    own = {"contempt": 0.9, "sad": 0.1}
    clips = [
        measured("one", ONE, "contempt", {"own": own, "fer": {"happy": 1.0, "sad": 0.0}}),
        measured("other", OTHER, "sad", {"own": own, "fer": {"happy": 0.2, "sad": 0.8}}),
    ]
    (column, *_) = compare(clips, [], options).columns
    ours, theirs = column.figures["emotion_own"], column.figures["emotion_fer"]
    assert (ours.value, ours.clips) == (0.5, 2)
    assert (theirs.value, theirs.clips) == (1.0, 1)


def test_frechet_distances_and_lse_where_there_are_networks() -> None:
    def looks(seed: int) -> Appearance:
        return Appearance(pictures=rows(seed), films=rows(seed, 2), faces=rows(seed), sync=(6.0 + seed, 7.0))

    videos = [measured("one", ONE, looks=looks(0)), measured("other", OTHER, looks=looks(1))]
    found = compare(videos, [measured(f"{n}", ONE, looks=looks(n)) for n in range(2, 6)], Options())
    assert set(values(found, "fid")) == set(values(found, "fvd")) == {"videos", "reference"}
    assert values(found, "lse_d")["videos"] == pytest.approx(6.5)
    assert values(found, "lse_c")["videos"] == pytest.approx(7.0)
    assert "identity" in found.columns[0].figures
    fid = found.columns[0].figures["fid"]
    assert (fid.low, fid.count, fid.clips) == (None, 8, 2)


def test_the_same_person_is_found_by_name_in_the_reference() -> None:
    alike = Appearance(faces=rows(0))
    found = compare([measured("one", ONE, looks=alike)], [measured("one", OTHER, looks=alike)], Options())
    apart = compare([measured("one", ONE, looks=alike)], [measured("two", OTHER, looks=alike)], Options())
    assert values(found, "identity")["videos"] != values(apart, "identity")["videos"]
