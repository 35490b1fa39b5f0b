"""`dicetalk prepare`: a corpus -> cached samples."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.display import display
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FOLDER

if TYPE_CHECKING:
    from dicetalk.data.clip import Corpus, Dropped
    from dicetalk.data.cluster import Cluster
    from dicetalk.data.prepare import Report, Way

EXAMPLES = """\b
Examples:
  dicetalk prepare ravdess RAVDESS/ prepared/ --workers 2
  dicetalk prepare folder recordings/ prepared/         recordings/clips.csv: file,identity,emotion,strength
  dicetalk prepare ravdess RAVDESS/ prepared/said --for motion                  to be mixed with acted speech
  dicetalk prepare mead MEAD/ prepared/video --for video --checkpoint dice-svd/    what svd learns from
  dicetalk prepare mead MEAD/ prepared/video --for video --checkpoint dice-svd/ --ray 10.0.0.7:6379
  dicetalk prepare shards prepared/video shards/                                   to be put where others can read it
  dicetalk prepare synthetic /usr/share/locale prepared/synthetic --hours 7     speech that knows its phones
  dicetalk prepare acted prepared/synthetic prepared/acted                      the same, acted by virtual people
"""
CORPORA = ("ravdess", "crema_d", "mead", "hdtf", "folder", "virtual", "synthetic", "acted", "shards")
SYNTHETIC, ACTED, VIRTUAL, SHARDS = "synthetic", "acted", "virtual", "shards"
SHARD_BYTES = 256_000_000
EMBEDDER, MOTION, VIDEO = "embedder", "motion", "video"
RECORDED = "recorded"
WITHOUT_USE: dict[str, tuple[str, ...]] = {
    SYNTHETIC: ("faces", "voices", "crop", "ray"),
    ACTED: ("crop", "hours", "programs", "ray"),
    SHARDS: ("faces", "voices", "crop", "hours", "seed", "programs", "ray"),
    RECORDED: ("hours", "seed", "programs"),
}
"""Options that change nothing, by what is prepared."""
FOR = {EMBEDDER: ("checkpoint",), MOTION: ("crop", "checkpoint"), VIDEO: ("faces", "voices")}
"""The same, by what it is to teach."""
SIDE = 512


@click.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.argument("corpus", type=click.Choice(CORPORA))
@click.argument("source", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option(
    "--for",
    "purpose",
    default=EMBEDDER,
    show_default=True,
    type=click.Choice((EMBEDDER, MOTION, VIDEO)),
    help="What recordings are to teach.",
)
@click.option(
    "--workers", type=click.IntRange(1, 1024), help="Processes.  [default: 1; with --ray, the cluster's processors]"
)
@click.option(
    "--ray",
    metavar="ADDRESS",
    help="Prepare recordings on a Ray cluster: HOST:PORT of its head, or auto, typed on one of its machines. All of "
    "them must see the same files under the same names.",
)
@click.option("--faces", default=4, show_default=True, type=click.IntRange(1), help="Virtual actors to each identity.")
@click.option("--voices", default=3, show_default=True, type=click.IntRange(0), help="Other speakers to each clip.")
@click.option("--crop", default=256, show_default=True, help="Side of the crops of filmed faces in pixels; 0: none.")
@click.option(
    "--hours", default=7.0, show_default=True, type=click.FloatRange(0.01, 10000), help="Of synthetic speech."
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    help="Of synthetic speech: which sentences, at which pace; of acted: who, and what is felt.",
)
@click.option(
    "--programs", metavar="A,B", help="That speak: espeak, flite, festival.  [default: those here; espeak must be]"
)
@click.option("--checkpoint", type=FOLDER, help="For video: whose networks encode pictures and sound.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def prepare(
    corpus: str,
    source: Path,
    out: Path,
    purpose: str,
    workers: int | None,
    ray: str | None,
    faces: int,
    voices: int,
    crop: int,
    hours: float,
    seed: int,
    programs: str | None,
    checkpoint: Path | None,
    quiet: bool,
) -> None:
    """Prepare the CORPUS in the folder SOURCE for training, into the folder OUT.

    The same command goes on where it was stopped. Faces are read off videos; sounds are acted out by virtual actors.
    What is dropped is told with its reason in OUT/dropped.csv; what lacks a voice or a face, in OUT/clips.csv.
    synthetic: the voices of eSpeak NG, Flite and Festival on this machine read sentences of the message catalogues in
    SOURCE, and tell the time of every phone. acted: virtual people say what a synthetic SOURCE says, in every emotion,
    each passage by --faces of them; it is heard as it is, and as --voices others say it elsewhere. --for motion makes
    such passages of recordings: of each clip of known emotion one, with what its film shows, or acted by --faces
    people where there is only sound. --for video encodes the square around a filmed face, --crop pixels wide (512
    unless told), by the networks of --checkpoint; it says before it starts what that takes, and writes report.md.
    shards packs such a folder into tar files, from which training streams (--set shards=ADDRESS); shards of the same
    clips stay. Of all but what the embedder learns from, OUT/made.json says by what it was made; OUT goes on with no
    other.
    """
    from importlib import import_module

    from dicetalk.errors import InputError

    _check_used(corpus, purpose)
    if crop and (crop < 64 or crop % 2):
        raise InputError(f"the crop is {crop} pixels; use an even number from 64, or 0 for none")
    if math.isnan(hours):  # which click takes for one within every range
        raise InputError("the hours are no number; give one as 7")
    if out.resolve() == source.resolve():
        raise InputError(f"{out} is the corpus itself; give another folder for what is prepared")
    if corpus == SHARDS:
        _pack(source, out, workers or 1, quiet)
        return
    if corpus in (SYNTHETIC, ACTED, VIRTUAL) and purpose == VIDEO:
        raise InputError(
            f"a model of video learns from films, and {corpus} has none; give mead, hdtf, ravdess, crema_d or folder"
        )
    if corpus == SYNTHETIC and purpose == MOTION:
        raise InputError("synthetic speech teaches no motion until it is acted: dicetalk prepare synthetic, then acted")
    if corpus == SYNTHETIC:
        _synthesise(source, out, hours, seed, workers or 1, programs, quiet)
        return
    if corpus == ACTED:
        _act(source, out, (faces, 1 + voices), seed, workers or 1, quiet)
        return
    found = getattr(import_module(f"dicetalk.data.{corpus}"), f"read_{corpus}")(source)
    cluster = _cluster(ray, workers)
    way = _way(purpose, (faces, voices, crop), checkpoint, workers or 1)
    if purpose == VIDEO:
        _foretell(found, out, way, quiet)
    report = _run(found, out, way, cluster, quiet)
    if purpose == VIDEO:
        from dicetalk.data.report import write_report

        write_report(out)
    if not quiet:
        _tell(report, out)


def _foretell(corpus: Corpus, out: Path, way: Way, quiet: bool) -> None:
    """Say what films will take, before it is begun.

    Raises:
        InputError: the disk has too little room.
    """
    import shutil

    from dicetalk.data.encoded import SvdPreparation

    assert isinstance(way, SvdPreparation)
    way.begin(out)
    told = way.forecast(corpus.clips, out)
    free = shutil.disk_usage(out).free
    told.check(free)
    if not quiet:
        print(f"{out}: {told}; {free / 1e9:.2g} GB are free", file=sys.stderr)


def _check_used(corpus: str, purpose: str) -> None:
    """Make sure that every option that was typed changes something.

    Raises:
        InputError: one does not.
    """
    from dicetalk.errors import InputError

    without_use = WITHOUT_USE.get(corpus, WITHOUT_USE[RECORDED]) + FOR[purpose]
    given = [f"--{name}" for name in without_use if _is_typed(name)]
    if given:
        kind = corpus if purpose == EMBEDDER else f"{corpus} --for {purpose}"
        raise InputError(f"`dicetalk prepare {kind}` has no use for {', '.join(given)}; leave it out")


def _is_typed(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE


def _way(purpose: str, counts: tuple[int, int, int], checkpoint: Path | None, workers: int) -> Way:
    """How clips are prepared; `counts` are faces, voices and the side of crops."""
    faces, voices, crop = counts
    if purpose == VIDEO:
        return _encoding(checkpoint, crop, workers)
    if purpose == MOTION:
        from dicetalk.data.recorded import MotionPreparation

        return MotionPreparation(faces=faces, voices=voices, workers=workers)
    from dicetalk.data.samples import Preparation

    return Preparation(faces=faces, voices=voices, crop=crop, workers=workers)


def _encoding(checkpoint: Path | None, crop: int, workers: int) -> Way:
    from dicetalk.errors import InputError, require

    if checkpoint is None:
        raise InputError(
            "a model of video learns from what a checkpoint's networks make of films; give its folder as --checkpoint"
        )
    require("diffusers", "svd")
    from dicetalk.data.encoded import SvdPreparation

    return SvdPreparation(checkpoint=checkpoint, side=crop if _is_typed("crop") else SIDE, workers=workers)


def _cluster(address: str | None, workers: int | None) -> Cluster | None:
    """Where recordings are prepared; None is on this machine.

    Raises:
        MissingExtraError: Ray is not installed.
        ConfigError: nobody answers there.
    """
    if address is None:
        return None
    from dicetalk.cluster import check_address
    from dicetalk.data.cluster import Cluster

    check_address(address)
    return Cluster(address=address, workers=workers)


def _run(corpus: Corpus, out: Path, way: Way, cluster: Cluster | None, quiet: bool) -> Report:
    from dicetalk.data.prepare import prepare as run

    with display(quiet) as shown:
        return run(corpus, out, way, lambda done, total: shown.count(done, total, "preparing", "clips"), cluster)


def _synthesise(
    source: Path, out: Path, hours: float, seed: int, workers: int, programs: str | None, quiet: bool
) -> None:
    from dicetalk.data.synthetic import Synthesis, chosen_programs, prepare_synthetic

    options = Synthesis(hours=hours, seed=seed, workers=workers, programs=chosen_programs(programs))
    with display(quiet) as shown:
        made = prepare_synthetic(
            source, out, options, lambda done, total: shown.count(done, total, "speaking", "voices")
        )
    if not quiet:
        for line in made.lines():
            print(f"{out}: {line}", file=sys.stderr)


def _pack(source: Path, out: Path, workers: int, quiet: bool) -> None:
    from dicetalk.data.shards import write_shards

    with display(quiet) as shown:
        count = write_shards(
            [source], out, SHARD_BYTES, workers, lambda done, total: shown.count(done, total, "packing", "shards")
        )
    if not quiet:
        print(f"{out}: {count} shards", file=sys.stderr)


def _act(source: Path, out: Path, counts: tuple[int, int], seed: int, workers: int, quiet: bool) -> None:
    from dicetalk.data.acted import Casting, prepare_acted

    options = Casting(performances=counts[0], hearings=counts[1], seed=seed, workers=workers)
    with display(quiet) as shown:
        made = prepare_acted(source, out, options, lambda done, total: shown.count(done, total, "acting", "voices"))
    if not quiet:
        print(f"{out}: {made} passages", file=sys.stderr)


def _tell(report: Report, out: Path) -> None:
    print(f"{out}: {report.clips} clips ({report.new} new), {len(report.dropped)} files dropped", file=sys.stderr)
    _list(report.dropped, out / "dropped.csv")
    if report.incomplete:
        print(f"{len(report.incomplete)} clips go on without a voice or without a face:", file=sys.stderr)
        _list(report.incomplete, out / "clips.csv")


def _list(reasons: tuple[Dropped, ...], table: Path) -> None:
    for drop in reasons[:5]:
        print(f"  {drop.file.name}: {drop.reason}", file=sys.stderr)
    if len(reasons) > 5:
        print(f"  and {len(reasons) - 5} more in {table}", file=sys.stderr)
