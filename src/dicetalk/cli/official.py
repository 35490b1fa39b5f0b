"""`dicetalk weights` and `dicetalk import-official`: get weights, make a checkpoint of them, share one's own."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from dicetalk.cli.display import Display, display
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FOLDER
from dicetalk.errors import CheckpointError, require

WEIGHTS_EXAMPLES = """\b
Examples:
  dicetalk weights
  dicetalk weights --download checkpoints/
  dicetalk weights save runs/svd my-svd/                     as diffusers keeps a pipeline
  dicetalk weights push my-svd/ me/my-svd --licence cc-by-nc-sa-4.0
  dicetalk weights get me/my-svd my-svd/
"""
IMPORT_EXAMPLES = """\b
Examples:
  dicetalk import-official checkpoints/ dice-svd/
  dicetalk import-official checkpoints/ dice-svd/ --precision float32
"""


@click.group(epilog=WEIGHTS_EXAMPLES, invoke_without_command=True)
@click.option("--download", type=FOLDER, help="Fetch everything into this folder.")
@click.pass_context
def weights(context: click.Context, download: Path | None) -> None:
    """Tell where the published weights are, how large, and under which licences; fetch them if asked to.

    The commands keep weights of your own in diffusers' manner, and share them.
    """
    if context.invoked_subcommand is None:
        _published(download)


@weights.command(cls=HeavyCommand)
@click.argument("checkpoint", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option("--quiet", is_flag=True, help="No progress.")
def save(checkpoint: Path, out: Path, quiet: bool) -> None:
    """Write the svd CHECKPOINT as diffusers keeps a pipeline: `model_index.json`, and in a folder for each part its
    config and its weights. `--backbone` takes such a folder too."""
    _need_extra()
    from dicetalk.svd.checkpoint import changed_by
    from dicetalk.svd.parts import open_svd
    from dicetalk.svd.pretrained import save_pretrained, tensors_in

    opened = open_svd(checkpoint)
    for folder in (checkpoint, changed_by(opened).folder):
        if out.exists() and out.samefile(folder):
            raise CheckpointError(f"{out} is the checkpoint itself, or what it changes; give another folder")
    with display(quiet) as shown:
        save_pretrained(opened.config, tensors_in(opened), out, partial(_shown, shown, "saving"))
    click.echo(str(out))


@weights.command(cls=HeavyCommand)
@click.argument("folder", type=FOLDER)
@click.argument("repository")
@click.option("--licence", required=True, help="Of the weights, as the hub names it: cc-by-nc-sa-4.0.")
@click.option("--public", is_flag=True, help="Everybody sees a repository that is made; else only its owner.")
@click.option("--quiet", is_flag=True, help="No progress.")
def push(folder: Path, repository: str, licence: str, public: bool, quiet: bool) -> None:
    """Give FOLDER, written by `dicetalk weights save`, to REPOSITORY (OWNER/NAME) on the Hugging Face hub.

    All of it is read and checked first. README.md is the card: it is written if there is none, and is yours to edit.
    """
    _need_extra()
    from dicetalk.hub.push import push as give

    with display(quiet) as shown:
        address = give(folder, repository, licence, private=not public, progress=partial(_shown, shown, "checking"))
    click.echo(address)


@weights.command()
@click.argument("repository")
@click.argument("folder", type=FOLDER)
def get(repository: str, folder: Path) -> None:
    """Fetch REPOSITORY (OWNER/NAME) of the Hugging Face hub into FOLDER: weights and words, never programs."""
    _need_extra()
    from dicetalk.hub.fetch import fetch
    from dicetalk.svd.parts import open_svd
    from dicetalk.svd.pretrained import check_out

    check_out(folder)
    open_svd(fetch(repository, folder))
    click.echo(str(folder))


def _shown(shown: Display, what: str, part: str, done: int, total: int) -> None:
    shown.count(done, total, f"{what} {part}", "parts")


def _published(download: Path | None) -> None:
    """Tell of the published weights, and fetch them."""
    _need_extra()
    from dicetalk.official.release import PARTS, UNCHECKED

    for part in PARTS:
        click.echo(f"{part.what}\n  https://huggingface.co/{part.repository}, about {part.gigabytes} GB")
        click.echo(f"  into: {Path('checkpoints') / part.folder}\n  licence: {part.licence}")
    click.echo(f"({UNCHECKED})")
    if download is None:
        click.echo("\nfetch:  dicetalk weights --download checkpoints/")
        click.echo("then:   dicetalk import-official checkpoints/ dice-svd/")
        return
    _download(download)
    click.echo(f"\nthen:   dicetalk import-official {download} dice-svd/")


def _download(folder: Path) -> None:
    """Fetch every part; files that are already there are not fetched again.

    Raises:
        CheckpointError: no network, no access, or the disk is full.
    """
    from huggingface_hub import snapshot_download

    from dicetalk.hub.fetch import told_of_hub
    from dicetalk.official.release import PARTS

    remedy = "fetch it by hand where there is a network, see `dicetalk weights`"
    for part in PARTS:
        with told_of_hub(f"{part.repository} could not be fetched", remedy):
            snapshot_download(part.repository, allow_patterns=list(part.files), local_dir=folder / part.folder)


@click.command("import-official", cls=HeavyCommand, epilog=IMPORT_EXAMPLES)
@click.argument("release", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option(
    "--precision",
    type=click.Choice(["float16", "bfloat16", "float32"]),
    default="float16",
    show_default=True,
    help="Of the large networks.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
def import_official(release: Path, out: Path, precision: str, quiet: bool) -> None:
    """Turn the folder of the published release into a checkpoint for `--backbone svd`.

    Checked tensor by tensor; nothing in it is ever run. Stopped half-way, the same command goes on where it was.
    """
    _need_extra()
    from dicetalk.official.importing import import_official as run
    from dicetalk.svd.placement import PRECISIONS

    with display(quiet) as shown:

        def progress(name: str, done: int, total: int) -> None:
            shown.count(done, total, f"importing {name}", "modules")

        run(release, out, dtype=PRECISIONS[precision], progress=progress)
    click.echo(str(out))


def _need_extra() -> None:
    for name in ("torch", "diffusers", "transformers", "accelerate", "huggingface_hub"):
        require(name, "svd")
