"""A detector that somebody has as an ONNX file, with the names of its classes.

Two kinds are read, as their makers export them: three outputs called boxes, labels and scores (torchvision), and one
output of (1, 4 + classes, N), middles and sides first (the YOLO family from version 8 on). None ships.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dicetalk.arrays import Float32, Int64, Picture
from dicetalk.errors import ConfigError
from dicetalk.files import read_bytes
from dicetalk.networks import Network, open_network
from dicetalk.scene.objects import LEAST_SCORE, SceneObject

SIDE = 640
"""Of the square that a network of any size is shown [px]."""
OVERLAP = 0.5
"""Shared part of two boxes from which on they are of one object."""
GREY = 114
"""Beside a picture that is no square."""
MOST_BYTES = 1_000_000
"""Of a list of names."""


@dataclass(frozen=True)
class OnnxDetector:
    """Finds objects by a network of your own.

    Attributes:
        path: of the `.onnx` file; only a file that you trust, as any program.
        names: of its classes, in their order.
    """

    path: Path
    names: tuple[str, ...]

    @cached_property
    def _network(self) -> Network:
        return open_network(self.path)

    def __call__(self, picture: Picture) -> list[SceneObject]:
        """What is in a picture (H, W, 3).

        Raises:
            CheckpointError: the file is no network.
            ConfigError: it takes or gives something else, or has other classes than there are names.
        """
        side, batched, name = self._takes()
        square, scale = _square(picture, side)
        shown = np.ascontiguousarray(square.transpose(2, 0, 1).astype(np.float32) / np.float32(255))
        found = self._run({name: shown[None] if batched else shown})
        boxes, numbers, scores = self._read(found)
        height, width = picture.shape[:2]
        sides = np.array([width, height, width, height]) * scale
        kept = cv2.dnn.NMSBoxesBatched(
            _corners_to_sides(boxes), scores.tolist(), numbers.tolist(), LEAST_SCORE, OVERLAP
        )
        return [self._object(boxes[row] / sides, int(numbers[row]), float(scores[row])) for row in np.ravel(kept)]

    def _takes(self) -> tuple[int, bool, str]:
        """The side that it takes, whether in a batch, and under which name."""
        inputs = self._network.session.get_inputs()
        shape = inputs[0].shape
        if (
            len(inputs) != 1
            or inputs[0].type != "tensor(float)"
            or len(shape) not in (3, 4)
            or shape[-3] not in (3, "C", "channels")
        ):
            told = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs)
            raise ConfigError(f"the detector {self.path} takes {told}; expected one picture, float (1, 3, side, side)")
        return shape[-1] if isinstance(shape[-1], int) else SIDE, len(shape) == 4, inputs[0].name

    def _run(self, given: dict[str, Float32]) -> dict[str, NDArray[Any]]:
        from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, RuntimeException

        names = [one.name for one in self._network.session.get_outputs()]
        try:
            return dict(zip(names, self._network.run(names, given), strict=True))
        except (Fail, InvalidArgument, RuntimeException) as error:
            why = " ".join(str(error).split())[:200]
            raise ConfigError(f"the detector {self.path} cannot look at a picture ({why}); use another") from None

    def _read(self, found: dict[str, NDArray[Any]]) -> tuple[Float32, Int64, Float32]:
        """Corners (N, 4) in the square, numbers of classes (N,) and scores (N,)."""
        if {"boxes", "labels", "scores"} <= set(found):
            return (
                found["boxes"].astype(np.float32),
                found["labels"].astype(np.int64),
                found["scores"].astype(np.float32),
            )
        rows = next(iter(found.values()))
        if len(found) != 1 or rows.ndim != 3 or 4 + len(self.names) not in rows.shape[1:]:
            told = ", ".join(f"{name} {values.shape}" for name, values in found.items())
            raise ConfigError(
                f"the detector {self.path} gives {told}; expected boxes, labels and scores, or one output of "
                f"(1, {4 + len(self.names)}, N) for the {len(self.names)} names given"
            )
        table = rows[0].T if rows.shape[1] == 4 + len(self.names) else rows[0]
        middle, half, shares = table[:, :2], table[:, 2:4] / 2, table[:, 4:]
        return np.hstack([middle - half, middle + half]), shares.argmax(1), shares.max(1)

    def _object(self, box: Float32, number: int, score: float) -> SceneObject:
        if not 0 <= number < len(self.names):
            raise ConfigError(f"the detector {self.path} tells class {number}, and {len(self.names)} names are given")
        left, top, right, bottom = map(float, box)
        return SceneObject(self.names[number], min(score, 1.0), (left, top, right, bottom))


def open_detector(path: Path, names: Path) -> OnnxDetector:
    """A detector with the names of its classes, one a line.

    Raises:
        MediaError: the list cannot be read.
        ConfigError: it holds no names.
        CheckpointError: the file is no network.
    """
    try:
        lines = read_bytes(names, MOST_BYTES).decode("utf-8").splitlines()
    except UnicodeDecodeError:
        lines = []
    told = tuple(line.strip() for line in lines if line.strip())
    if not told or any(len(name) > 100 for name in told):
        raise ConfigError(f"{names} holds no names; expected those of the detector's classes, one a line")
    detector = OnnxDetector(path, told)
    detector._takes()
    return detector


def _square(picture: Picture, side: int) -> tuple[Picture, float]:
    """A picture in the corner of a square, and how much smaller it is there."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    square = np.full((side, side, 3), GREY, np.uint8)
    square[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return square, scale


def _corners_to_sides(boxes: Float32) -> Sequence[Sequence[float]]:
    """Left, top, width and height."""
    found: list[list[float]] = np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]).tolist()
    return found
