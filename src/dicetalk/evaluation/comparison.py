"""Figures of a set of videos, of the controls that can be made of it, and of a reference set, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.evaluation import heads, identity, likeness, lips, movement, takes
from dicetalk.evaluation.clip_set import Measured, Options
from dicetalk.evaluation.figures import Estimate, Figure, Sums, estimate
from dicetalk.evaluation.footage import Footage
from dicetalk.evaluation.frechet import frechet_distance
from dicetalk.evaluation.verdicts import figure_of, verdict_figures

VIDEOS, REFERENCE = "videos", "reference"
SWAPPED, LOUD, STILL = "another clip's sound", "a mouth that follows loudness", "a still face"
"""Controls: lips that say something else, that open as far as it is loud, that are shut whatever is said."""

OF_LIPS = {figure.key for figure in lips.FIGURES}
OF_LIKENESS = {figure.key for figure in likeness.FIGURES}
OF_VOICE = OF_LIPS | {"nod_coherence", "turning_coherence"}
OF_STILLNESS = OF_LIPS | OF_LIKENESS | {"speed", "blinks"}
"""The figures that say something of the controls."""

LSE = (Figure("lse_d", "LSE-D, less is better"), Figure("lse_c", "LSE-C, more is better"))
FID, FVD = Figure("fid", "FID, to the reference"), Figure("fvd", "FVD, to the reference")

ClipFigures = dict[str, Sums]


@dataclass(frozen=True, eq=False)
class Column:
    """One set, or one control.

    Attributes:
        name: of the column.
        clips: what each clip says, by its name.
        figures: of the set, by key.
    """

    name: str
    clips: Mapping[str, ClipFigures]
    figures: Mapping[str, Estimate]


@dataclass(frozen=True, eq=False)
class Comparison:
    """All of them.

    Attributes:
        figures: that at least one column has, in order.
        columns: the videos first.
    """

    figures: Sequence[Figure]
    columns: Sequence[Column]


def compare(videos: Sequence[Measured], reference: Sequence[Measured], options: Options) -> Comparison:
    """Lay videos beside their controls and a reference.

    Args:
        videos: at least one.
        reference: real ones; there may be none.
        options: how they were measured.
    """
    known, seen = all_figures(options), [clip.footage for clip in videos]
    real = {clip.name: clip.footage for clip in reference}
    columns = [
        _column(VIDEOS, _clips(videos, reference, options), known, _against(videos, reference)),
        *_swapped(VIDEOS, seen, known, options),
        _control(f"{VIDEOS}, {LOUD}", [clip.loud_mouth() for clip in seen], known, OF_LIPS, options),
        _control(f"{VIDEOS}, {STILL}", [clip.still() for clip in seen], known, OF_STILLNESS, options, real),
    ]
    if reference:
        columns.append(_column(REFERENCE, _clips(reference, [], options), known, _floors(reference)))
        columns += _swapped(REFERENCE, [clip.footage for clip in reference], known, options)
    there = {key for column in columns for key in column.figures}
    return Comparison([figure for figure in known if figure.key in there], columns)


def all_figures(options: Options) -> list[Figure]:
    """Everything that may be measured, in the order of the table."""
    seams = [] if options.seam_every is None else [movement.SEAMS]
    judged = [figure_of(name) for name in options.judge_names]
    moved = [*movement.FIGURES, *seams, *heads.FIGURES, heads.SPECTRA]
    return [*lips.FIGURES, *moved, *judged, identity.FIGURE, *likeness.FIGURES, *takes.FIGURES, *LSE, FID, FVD]


def _column(
    name: str, clips: Mapping[str, ClipFigures], known: Sequence[Figure], others: dict[str, Estimate]
) -> Column:
    """A column of what clips say, and of figures that only a whole set has."""
    found = {figure.key: estimate(figure, [_said(clip, figure) for clip in clips.values()]) for figure in known}
    return Column(name, clips, {key: value for key, value in found.items() if value is not None} | others)


def _said(clip: ClipFigures, figure: Figure) -> Sums:
    return clip.get(figure.key, (0.0, 0.0))


def _clips(clips: Sequence[Measured], reference: Sequence[Measured], options: Options) -> dict[str, ClipFigures]:
    """What each clip says, by name."""
    same = {clip.name: clip.looks.faces for clip in reference}
    real = {clip.name: clip.footage for clip in reference}
    others = takes.take_figures([clip.footage for clip in clips])
    return {
        clip.name: _motion_figures(clip.footage, options)
        | verdict_figures(clip)
        | identity.identity_figure(clip.looks.faces, same.get(clip.name))
        | likeness.likeness_figures(clip.footage, real.get(clip.name))
        | taken
        | _lse(clip)
        for clip, taken in zip(clips, others, strict=True)
    }


def _motion_figures(footage: Footage, options: Options) -> ClipFigures:
    return (
        lips.lip_figures(footage, options.threshold)
        | movement.movement_figures(footage, options.seam_every)
        | heads.head_figures(footage)
    )


def _lse(clip: Measured) -> ClipFigures:
    if clip.looks.sync is None:
        return {}
    return {figure.key: (value, 1) for figure, value in zip(LSE, clip.looks.sync, strict=True)}


def _swapped(name: str, clips: Sequence[Footage], known: Sequence[Figure], options: Options) -> list[Column]:
    """The same faces with other sounds, where there are some."""
    others = [(clip, other_sound(clip, clips)) for clip in clips]
    made = [clip.with_sound_of(other) for clip, other in others if other is not None]
    return [_control(f"{name}, {SWAPPED}", made, known, OF_VOICE, options)] if made else []


def _control(
    name: str,
    made: Sequence[Footage],
    known: Sequence[Figure],
    keys: set[str],
    options: Options,
    real: Mapping[str, Footage] | None = None,
) -> Column:
    """What is said of clips that were made of others; of their likeness to real ones too, where those are given."""

    def said(clip: Footage) -> ClipFigures:
        return _motion_figures(clip, options) | likeness.likeness_figures(clip, (real or {}).get(clip.name))

    return _column(name, {clip.name: _only(said(clip), keys) for clip in made}, known, {})


def _only(figures: ClipFigures, keys: set[str]) -> ClipFigures:
    return {key: sums for key, sums in figures.items() if key in keys}


def other_sound(clip: Footage, clips: Sequence[Footage]) -> Footage | None:
    """The next clip that says something else; None where all say the same."""
    at = next(number for number, other in enumerate(clips) if other is clip)
    return next((other for other in (*clips[at + 1 :], *clips[:at]) if not takes.say_the_same(clip, other)), None)


def _against(videos: Sequence[Measured], reference: Sequence[Measured]) -> dict[str, Estimate]:
    """How far a whole set lies from the reference."""
    if not reference:
        return {}
    far = heads.spectral_distance([clip.footage for clip in videos], [clip.footage for clip in reference])
    found = {} if far is None else {heads.SPECTRA.key: far}
    return found | {figure.key: value for figure, value in _frechet(videos, reference)}


def _floors(reference: Sequence[Measured]) -> dict[str, Estimate]:
    """How far one half of the reference lies from the other: what no set can be expected to go below."""
    least = heads.spectral_floor([clip.footage for clip in reference])
    found = {} if least is None else {heads.SPECTRA.key: least}
    return found | {figure.key: value for figure, value in _frechet(reference[::2], reference[1::2])}


def _frechet(one: Sequence[Measured], other: Sequence[Measured]) -> list[tuple[Figure, Estimate]]:
    """FID and FVD, as far as there are features for them; their intervals would be of other bias than themselves."""
    ways: tuple[tuple[Figure, Callable[[Measured], Float32 | None]], ...] = (
        (FID, lambda clip: clip.looks.pictures),
        (FVD, lambda clip: clip.looks.films),
    )
    found = []
    for figure, features_of in ways:
        sets = [[rows for clip in clips if (rows := features_of(clip)) is not None] for clips in (one, other)]
        if all(sets):
            count = float(np.sum([len(rows) for rows in sets[0]]))
            found.append((figure, Estimate(frechet_distance(*sets), None, None, count, len(sets[0]))))
    return found
