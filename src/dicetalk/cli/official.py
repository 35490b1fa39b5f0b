"""`dicetalk weights` and `dicetalk import-official`: get the published weights, make a checkpoint of ours of them."""

from __future__ import annotations

from pathlib import Path

import click

from dicetalk.cli.display import display
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FOLDER
from dicetalk.errors import CheckpointError, require

WEIGHTS_EXAMPLES = """\b
Examples:
  dicetalk weights
  dicetalk weights --download checkpoints/
"""
IMPORT_EXAMPLES = """\b
Examples:
  dicetalk import-official checkpoints/ dice-svd/
  dicetalk import-official checkpoints/ dice-svd/ --precision float32
"""


@click.command(epilog=WEIGHTS_EXAMPLES)
@click.option("--download", type=FOLDER, help="Fetch everything into this folder.")
def weights(download: Path | None) -> None:
    """Tell where the published weights are, how large, and under which licences; fetch them if asked to."""
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

    from dicetalk.official.release import PARTS

    for part in PARTS:
        try:
            snapshot_download(part.repository, allow_patterns=list(part.files), local_dir=folder / part.folder)
        except (OSError, RuntimeError, ValueError) as error:  # the hub raises these for network, access and names
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(
                f"{part.repository} could not be fetched ({type(error).__name__}: {reason}); "
                "fetch it by hand where there is a network, see `dicetalk weights`"
            ) from None


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
