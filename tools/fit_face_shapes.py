"""Make `src/dicetalk/weights/face_shapes.safetensors`: the 52 face shapes on MediaPipe's 468-point mesh.

    python tools/fit_face_shapes.py SOURCE.npz

SOURCE.npz is the scanned basis: `names`, `neutral`, `delta`, `mirror_perm`, `licence`, `source`.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from face_shape_rules import Basis, closed_neutral, refined
from safetensors.numpy import save_file

VERSION = "1"
WEIGHTS = Path(__file__).resolve().parents[1] / "src" / "dicetalk" / "weights" / "face_shapes.safetensors"


def load_source(path: Path) -> tuple[Basis, np.ndarray, np.ndarray, str]:
    """The scanned basis, its neutral face (468, 3), the mirror (468,) and the licence text."""
    with np.load(path, allow_pickle=False) as source:
        basis = {str(n): d.astype(np.float64) for n, d in zip(source["names"], source["delta"], strict=True)}
        return (
            basis,
            source["neutral"].astype(np.float64),
            source["mirror_perm"].astype(np.int64),
            str(source["licence"]),
        )


def save_basis(path: Path, basis: Basis, neutral: np.ndarray, mirror: np.ndarray, licence: str) -> None:
    """Write the basis as safetensors, names in the metadata in the order of `basis`."""
    tensors = {
        "delta": np.stack(list(basis.values())).astype(np.float32),
        "neutral": neutral.astype(np.float32),
        "mirror": mirror.astype(np.int64),
    }
    metadata = {"names": ",".join(basis), "licence": licence, "version": VERSION}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata)
    path.chmod(0o644)  # safetensors writes a private file; this one ships


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--output", default=WEIGHTS, show_default=False, type=click.Path(path_type=Path))
def main(source: Path, output: Path) -> None:
    """Fit the shipped face shapes from the scanned basis SOURCE."""
    raw, raw_neutral, mirror, licence = load_source(source)
    neutral = closed_neutral(raw_neutral, mirror)
    save_basis(output, refined(raw, neutral, mirror), neutral, mirror, licence)
    click.echo(f"wrote {output.name}: {len(raw)} shapes", err=True)


if __name__ == "__main__":
    main()
