"""How well a motion model moves, beside the rules, on voices and languages that neither has learned from.

    pip install '.[align,train]'
    dicetalk prepare synthetic /usr/share/locale prepared/synthetic
    OMP_NUM_THREADS=1 python benchmarks/motion.py prepared/synthetic --model run/ -o FOLDER [--guidance] [--long]

All is measured of motion curves, without a picture. The lips' gap is that of the middle pair of points of the inner
lips; they are shut where it is under 2 % of the distance between the eyes. Closures are looked for up to 20 ms beside a
true p, b, m; vowels that are shut throughout their middle half are false ones. Opening and lag are told against the
rules that are given the true phones. Every clip has a feeling at strength 0.8, the same for all who move; noise,
strengths, feelings, takes and guidance are measured on fewer clips. Intervals are 95 %, by bootstrap over clips.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import motion_feelings as feelings
import motion_life as life
import motion_lips as lips
from head_motion import film, line
from motion_clips import (
    CEILING,
    MODEL,
    NOISES,
    RULES,
    Clip,
    Mover,
    by_backbone,
    movers,
    noisy,
    open_model,
    read_clips,
)

from dicetalk.acting.backbone import RulesBackbone
from dicetalk.diffusion.backbone import MotionBackbone
from dicetalk.diffusion.stream import Guidance
from dicetalk.evaluation.head_motion import Range
from dicetalk.speech.broad import PHONES

SCALES = (1.0, 1.5, 2.0, 3.0)
SHARES = ("closure", "false closure", "f v contact", "shut in pauses", "opening r", "lag")


@dataclass(eq=False)
class Bench:
    """What is measured, on what, and all figures so far.

    Attributes:
        clips: all of them.
        few: those on which costly things are measured.
        movers: by name.
        figures: by part, row and column.
    """

    clips: list[Clip]
    few: list[Clip]
    movers: dict[str, Mover]
    figures: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def keep(self, part: str, row: str, found: Sequence[lips.Found]) -> list[str]:
        """Put a row's clips together; its cells."""
        columns = {name: lips.column(found, name) for name in found[0]}
        counts = {name: sum(each[name][1] for each in found) for name in found[0]}
        told = {name: value and asdict(value) | {"of": counts[name]} for name, value in columns.items()}
        self.figures.setdefault(part, {})[row] = told
        return [text(value, per=1 if name == "lag" else 100) for name, value in columns.items()]

    @property
    def compared(self) -> dict[str, Mover]:
        """The rules and the model."""
        return {name: mover for name, mover in self.movers.items() if name in (CEILING, RULES, MODEL)}


def text(value: Range | None, per: int = 100) -> str:
    """A figure with its interval, in hundredths or as it is."""
    if value is None:
        return "–"
    digits = 2 if per == 100 else 0
    return f"{value.value:.{digits}f} ({value.low:.{digits}f} to {value.high:.{digits}f})"


def header(*titles: str) -> list[str]:
    return [line(titles), "|" + "---|" * len(titles)]


def speaking(bench: Bench) -> Iterator[str]:
    """Lips of everybody, clean, and how far they open for each vowel."""
    best = [bench.movers[CEILING](clip, clip.sound, clip.felt) for clip in bench.clips]
    rows = {}
    for name, mover in bench.movers.items():
        moved = best if name == CEILING else [mover(clip, clip.sound, clip.felt) for clip in bench.clips]
        found = [lips.measure(m, clip.phones, b) for m, clip, b in zip(moved, bench.clips, best, strict=True)]
        rows[name] = bench.keep("lips", name, found)
        tell(name)
    yield from header("clean", *SHARES[:-1], "lag [ms]")
    yield from (line([name, *cells[: len(SHARES)]]) for name, cells in rows.items())
    of = bench.figures["lips"][CEILING]
    counts = (f"{of[name]['of']:.0f} {what}" for name, what in COUNTED.items())
    yield f"\nOf {', '.join(counts)}.\n"
    yield from header("gap [inter-ocular distances]", *(PHONES[vowel] for vowel in lips.VOWELS))
    yield from (line([name, *cells[len(SHARES) :]]) for name, cells in rows.items())


COUNTED = {"closure": "p b m", "false closure": "vowels", "f v contact": "f v", "shut in pauses": "hops in pauses"}


def in_noise(bench: Bench) -> Iterator[str]:
    """Lips of those who hear, in noise."""
    best = {clip.name: bench.movers[CEILING](clip, clip.sound, clip.felt) for clip in bench.few}
    chosen = ("closure", "false closure", "shut in pauses", "opening r")
    yield from header("noise", "who", *chosen)
    for kind, decibels in NOISES:
        sounds = {clip.name: noisy(clip, kind, decibels, bench.clips) for clip in bench.few}
        for name in ("rules + PocketSphinx", RULES, MODEL):
            if name not in bench.movers:
                continue
            moved = [bench.movers[name](clip, sounds[clip.name], clip.felt) for clip in bench.few]
            found = [lips.measure(m, c.phones, best[c.name]) for m, c in zip(moved, bench.few, strict=True)]
            cells = bench.keep(f"{kind} {decibels} dB", name, [{k: each[k] for k in chosen} for each in found])
            yield line([f"{kind} {decibels} dB", name, *cells])
        tell(f"{kind} {decibels} dB")


def feeling(bench: Bench) -> Iterator[str]:
    """Strength, reading back, own emotions and keys of the rules and the model."""
    moved = {name: [feelings.acted(mover, clip) for clip in bench.few] for name, mover in bench.compared.items()}
    tell("all feelings and strengths")
    yield from _rows(bench, "strength", {
        name: [feelings.strengths(clip, each) for clip, each in zip(bench.few, acted, strict=True)]
        for name, acted in moved.items()
    })  # fmt: skip
    yield from _rows(bench, f"read at strength {feelings.STRONG:g}", {
        name: [feelings.recognised(each) for each in acted] for name, acted in moved.items()
    })  # fmt: skip
    asked = [list(feelings.own_emotions(clip, each)) for clip, each in zip(bench.few, moved[CEILING], strict=True)]
    ways = {"rules, names": (RULES, True), "model, names": (MODEL, True), "model, the vector": (MODEL, False)}
    yield from _rows(bench, "own emotion, cosine", {
        way: [feelings.own(bench.movers[who], clip, own, by_names=names)
              for clip, own in zip(bench.few, asked, strict=True)]
        for way, (who, names) in ways.items() if who in bench.movers
    })  # fmt: skip
    tell("own emotions")
    yield from _rows(bench, "80 % of a change of feeling after [s]", {
        name: [feelings.keys(mover, clip, each) for clip, each in zip(bench.few, moved[name], strict=True)]
        for name, mover in bench.compared.items() if name != CEILING
    })  # fmt: skip
    tell("keys")


def _rows(bench: Bench, part: str, rows: dict[str, list[lips.Found]]) -> Iterator[str]:
    first = next(iter(rows.values()))
    yield from header(part, *first[0])
    yield from (line([name, *bench.keep(part, name, found)]) for name, found in rows.items())
    yield ""


def living(bench: Bench, real: Path | None) -> Iterator[str]:
    """Heads, takes and seams of the rules and the model."""
    moved = {name: [mover(c, c.sound, c.felt) for c in bench.clips] for name, mover in bench.compared.items()}
    heads = {name: life.heads(bench.clips, motions) for name, motions in moved.items()}
    others = {"rules": heads[RULES]}
    if real is not None:
        others["real"] = [film(path).head for path in sorted(real.glob("*.mp4"))]
    yield from header("head", "from", "spectral distance", "of halves", "nods", "turning", "stirring")
    for what, clips in others.items():
        rows = {name: life.head_cells(head, clips) for name, head in heads.items() if name != CEILING}
        yield from (line([name, what, *cells]) for name, cells in rows.items())
        bench.figures[f"head, from {what}"] = {name: {"cells": cells} for name, cells in rows.items()}
    yield ""
    yield from header("spread over takes", "head [rad]", "shapes", "closure")
    for name, mover in bench.compared.items():
        spread = life.takes(mover, bench.few)
        bench.figures.setdefault("takes", {})[name] = dict(zip(("head", "shapes", "closure"), spread, strict=True))
        yield line([name, *(f"{value:.4f}" for value in spread)])
    yield ""
    yield from header("seams", "speed every 2", "faster every 2", "speed every 50", "faster every 50")
    for name, motions in moved.items():
        yield line([name, *bench.keep("seams", name, [life.seams(each) for each in motions])])
    yield ""
    tell("heads, takes and seams")


def costing(bench: Bench, model: MotionBackbone | None, folder: Path | None, *, long: bool) -> Iterator[str]:
    """What moving costs."""
    yield from header("cost", "hearing [CPU s/s]", "all [CPU s/s]", "first motion [s]", "10 s [MB]", "10 minutes [MB]")
    for name, backbone in {RULES: RulesBackbone(), MODEL: model}.items():
        if backbone is not None:
            found = life.cost(backbone)
            peaks = life.peaks(folder if name == MODEL else None) if long else ()
            bench.figures.setdefault("cost", {})[name] = {**found, "peaks": peaks}
            memory = [f"{peak:.0f}" for peak in peaks] or ["–", "–"]
            yield line([name, *(f"{value:.3f}" for value in found.values()), *memory])
    tell("cost")


def guided(bench: Bench, model: MotionBackbone, speech: float) -> Iterator[str]:
    """How well feelings are read, and lips close, by strength and scale of guidance."""
    yield from header(f"guidance, speech {speech:g}", "strength", "read", "closure")
    for scale in SCALES:
        backbone = MotionBackbone(model.model, Guidance(speech=speech, emotion=scale))
        yield from _guided_rows(bench, f"model x {scale:g}", lambda *told, b=backbone: by_backbone(b, *told))
    yield from _guided_rows(bench, RULES, bench.movers[RULES])


def _guided_rows(bench: Bench, name: str, mover: Mover) -> Iterator[str]:
    moved = [feelings.acted(mover, clip, feelings.STRENGTHS[1:]) for clip in bench.few]
    for strength in feelings.STRENGTHS:
        found = [guided_figures(clip, each, strength) for clip, each in zip(bench.few, moved, strict=True)]
        cells = bench.keep("guidance", f"{name} at {strength:g}", found)
        yield line([name, f"{strength:g}", *cells])
    tell(name)


def guided_figures(clip: Clip, moved: feelings.Acted, strength: float) -> lips.Found:
    hits = [lips.closure(lips.gap(moved[name, strength]), clip.phones) for name in feelings.FEELINGS]
    return {
        "read": feelings.recognised(moved, strength)["of seven"],
        "closure": (sum(hit for hit, _ in hits), sum(of for _, of in hits)),
    }


def draw_guidance(path: Path, rows: dict[str, dict[str, Any]]) -> None:
    """Read against closure, a curve a scale, a point a strength."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    for name in dict.fromkeys(row.rpartition(" at ")[0] for row in rows):
        own = [found for row, found in rows.items() if row.rpartition(" at ")[0] == name]
        across, up = ([found[what]["value"] for found in own] for what in ("closure", "read"))
        axes.plot(across, up, "o-", label=name)
        for strength, x, y in zip(feelings.STRENGTHS, across, up, strict=True):
            axes.annotate(f"{strength:g}", (x, y), fontsize=7)
    axes.set_xlabel("closure on p, b, m")
    axes.set_ylabel("feelings read right, of seven")
    axes.legend()
    figure.savefig(path, dpi=110)


def tell(what: str) -> None:
    print(f"{datetime.datetime.now():%H:%M:%S} {what}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    asked = parsed(arguments)
    model = None if asked.model is None else open_model(asked.model)
    clips = read_clips(asked.synthetic, asked.passages)
    bench = Bench(clips, clips[: asked.few], movers(model, clips))
    page = [
        f"# Motion, {datetime.date.today()}",
        "",
        f"{len(clips)} clips; {len(bench.few)} of them where it is costly.",
    ]
    print("\n".join(page))
    for part in parts(bench, model, asked):
        rows = ["", *part]
        print("\n".join(rows), flush=True)
        page += rows
    if asked.output:
        write(asked.output, page, bench)


def parts(bench: Bench, model: MotionBackbone | None, asked: argparse.Namespace) -> Iterator[Iterator[str]]:
    yield speaking(bench)
    yield in_noise(bench)
    yield feeling(bench)
    yield living(bench, asked.real)
    yield costing(bench, model, asked.model, long=asked.long)
    if model is not None and asked.guidance is not None:
        yield guided(bench, model, asked.guidance)


def write(folder: Path, page: list[str], bench: Bench) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "motion.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    (folder / "motion.json").write_text(json.dumps(bench.figures, indent=1), encoding="utf-8")
    if "guidance" in bench.figures:
        draw_guidance(folder / "guidance.png", bench.figures["guidance"])


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("synthetic", type=Path, help="folder of `dicetalk prepare synthetic`")
    parser.add_argument("--model", type=Path, help="folder of a motion checkpoint")
    parser.add_argument("-o", "--output", type=Path, help="folder of page, figures and picture")
    parser.add_argument("--passages", type=int, default=40)
    parser.add_argument("--few", type=int, default=12, help="passages where it is costly")
    parser.add_argument("--real", type=Path, help="folder of videos of one person who speaks, for heads")
    parser.add_argument("--long", action="store_true", help="also the memory of ten minutes")
    parser.add_argument("--guidance", type=float, nargs="?", const=1.0, metavar="SPEECH", help="also scales of it")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
