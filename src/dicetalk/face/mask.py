"""What a person covers in a picture: MediaPipe's selfie segmentation."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dicetalk.arrays import Picture
from dicetalk.networks import WEIGHTS, Network, open_network

SIZE = 256
"""Side of what the network reads [px]."""


def person_mask(picture: Picture) -> npt.NDArray[np.float32]:
    """How much each pixel of a picture (H, W, 3) belongs to a person, (H, W) in [0, 1]."""
    height, width = picture.shape[:2]
    # Corner to corner, as MediaPipe shrinks: cv2.resize would move the edges by half a pixel of the mask.
    shrink = np.array([[SIZE / width, 0, 0], [0, SIZE / height, 0]])
    small = cv2.warpAffine(picture, shrink, (SIZE, SIZE), flags=cv2.INTER_LINEAR)
    mask = open_person().run(None, {"input": small[None].astype(np.float32) / 255})[0][0]
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def open_person() -> Network:
    """The network."""
    return open_network(WEIGHTS / "face" / "person.onnx")
