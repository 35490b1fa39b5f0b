"""Where faces may be: MTCNN, a cascade of three small networks (Zhang et al. 2016).

The first slides over copies of the picture, the second and third look at the squares it proposes. The third tells five
points too: both eyes, the tip of the nose, both corners of the mouth, as a viewer sees them from left to right. All
know upright faces from 12 pixels on; turned ones they know less well, but like an upright one more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dicetalk.arrays import Float32, Float64, Picture
from dicetalk.face.square import Square, cut
from dicetalk.networks import WEIGHTS, Network, open_network

CELL, STRIDE = 12, 2
"""Side of the square the first network looks at, and its step [px]."""
SHRINK = 0.709
"""From one copy of the picture to the next: half the area."""
REFINED, LOOKED = 24, 48
"""Sides of the squares the second and third networks look at [px]."""
PROPOSED, KEPT, FOUND = 0.4, 0.4, -0.4
"""Log-odds from which each network lets a square pass; low, as the mesh has the last word."""
MOST = 300
"""Squares of one copy that are passed on: the likeliest."""


@dataclass(frozen=True)
class Found:
    """A place that may show a face.

    Attributes:
        box: (4,) left, top, right, bottom [px].
        odds: log-odds that it is one, in the detector's eyes.
    """

    box: Float64
    odds: float

    @property
    def square(self) -> Square:
        """The upright square about its middle."""
        (x, y), (width, height) = (self.box[:2] + self.box[2:]) / 2, self.box[2:] - self.box[:2]
        return Square(float(x), float(y), float(max(width, height)))


def detect(picture: Picture, least: float) -> list[Found]:
    """What may be upright faces in a picture (H, W, 3), at least `least` [px] wide; the likeliest first."""
    boxes = _proposals(picture, least)
    if len(boxes):
        odds, moved = _run("refine", _crops(picture, boxes, REFINED))
        boxes, _ = _passing(_moved(boxes, moved), odds, KEPT, 0.7)
    if not len(boxes):
        return []
    odds, moved, _ = _run("output", _crops(picture, boxes, LOOKED))
    boxes, odds = _passing(_moved(boxes, moved), odds, FOUND, 0.5)
    return [Found(box, float(one)) for box, one in zip(boxes, odds, strict=True)]


def look(picture: Picture, squares: list[Square]) -> tuple[Float32, Float64]:
    """What the third network says of squares: log-odds (N,) of an upright face, its five points (N, 5, 2) [px]."""
    odds, _, points = _run("output", np.stack([cut(picture, square, LOOKED) for square in squares]))
    matrices = np.stack([square.to_picture(LOOKED) for square in squares])
    return odds, points * LOOKED @ matrices[:, :, :2].transpose(0, 2, 1) + matrices[:, None, :, 2]


def _run(name: str, pixels: Picture) -> list[npt.NDArray[np.float32]]:
    return list(_network(name).run(None, {"pixels": pixels}))


def _network(name: str) -> Network:
    return open_network(WEIGHTS / "face" / f"detector_{name}.onnx")


def open_detector() -> None:
    """Open its three networks, which else happens when the first picture is looked at."""
    for name in ("proposal", "refine", "output"):
        _network(name)


def _proposals(picture: Picture, least: float) -> Float64:
    """Boxes (N, 4) of the first network, over all copies of the picture."""
    found = [_slide(copy, scale) for copy, scale in _copies(picture, CELL / least)]
    boxes = np.concatenate([np.empty((0, 4)), *(boxes for boxes, _ in found)])
    odds = np.concatenate([np.empty(0, np.float32), *(odds for _, odds in found)])
    return _distinct(boxes, odds, 0.7)[0]


def _copies(picture: Picture, scale: float) -> Iterator[tuple[Picture, float]]:
    """The picture, ever smaller, with its scale."""
    shape = np.array(picture.shape[1::-1])
    while scale * shape.min() >= CELL:
        width, height = np.ceil(shape * scale).astype(int).tolist()
        yield np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8), scale
        scale *= SHRINK


def _slide(copy: Picture, scale: float) -> tuple[Float64, Float32]:
    """The likeliest squares of one copy: boxes (N, 4) in the picture, log-odds (N,)."""
    odds, moved = (values[0] for values in _run("proposal", copy[None]))
    rows, columns = np.nonzero(odds > PROPOSED)
    corners = np.stack([columns, rows], 1) * STRIDE
    boxes = np.concatenate([corners, corners + CELL], 1) / scale
    kept, likely = _distinct(_shifted(boxes, moved[rows, columns]), odds[rows, columns], 0.5)
    return kept[:MOST], likely[:MOST]


def _crops(picture: Picture, boxes: Float64, size: int) -> Picture:
    """(N, size, size, 3) the squares about boxes."""
    return np.stack([cut(picture, Found(box, 0).square, size) for box in boxes])


def _moved(boxes: Float64, moved: npt.NDArray[np.float32]) -> Float64:
    """Boxes as a network corrects them, whose corners it gives in units of the square it saw."""
    middles, halves = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).max(1, keepdims=True) / 2
    return _shifted(np.concatenate([middles - halves, middles + halves], 1), moved)


def _shifted(boxes: Float64, moved: npt.NDArray[np.float32]) -> Float64:
    return np.asarray(boxes + moved * np.tile(boxes[:, 2:] - boxes[:, :2], 2))


def _passing(boxes: Float64, odds: Float32, least: float, most: float) -> tuple[Float64, Float32]:
    return _distinct(boxes[odds > least], odds[odds > least], most)


def _distinct(boxes: Float64, odds: Float32, most: float) -> tuple[Float64, Float32]:
    """Boxes that overlap no likelier one by more than `most`, the likeliest first."""
    order = np.argsort(-odds, kind="stable")
    kept = []
    while len(order):
        kept.append(order[0])
        order = order[1:][overlaps(boxes[order[0]], boxes[order[1:]]) <= most]
    return boxes[kept], odds[kept]


def overlaps(box: Float64, others: Float64) -> Float64:
    """Intersection over union (N,) of a box (4,) with others (N, 4)."""
    shared, area, areas = _areas(box, others)
    return np.asarray(shared / (area + areas - shared))


def shares(box: Float64, others: Float64) -> Float64:
    """Intersection over the smaller of both (N,) of a box (4,) with others (N, 4)."""
    shared, area, areas = _areas(box, others)
    return np.asarray(shared / np.minimum(area, areas))


def _areas(box: Float64, others: Float64) -> tuple[Float64, float, Float64]:
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.prod(np.clip(sides, 0, None), axis=1)
    return shared, float(np.prod(box[2:] - box[:2])), np.prod(others[:, 2:] - others[:, :2], axis=1)
