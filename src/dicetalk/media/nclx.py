"""Colours that a picture names by numbers (ITU-T H.273) in place of a profile, as that profile."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from dicetalk.arrays import Float64

OF_SRGB = (0, 1, 2)
"""Primaries that are those of sRGB, or not told."""
LINEAR, PURE = 8, {4: 2.2, 5: 2.8}
"""Transfer curves by number: none, and powers. All others but those of HDR are shown as sRGB is."""
HDR = (16, 18)
"""PQ and HLG, whose light no profile of this kind tells."""
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)

D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def profile_of(numbers: Mapping[str, Any]) -> bytes | None:
    """An ICC profile of what `pillow_heif` tells as `nclx_profile`; None where that is sRGB, or cannot be told."""
    transfer = int(numbers.get("transfer_characteristics", 2))
    if numbers.get("color_primaries", 2) in OF_SRGB or transfer in HDR:
        return None
    places = [[float(numbers[f"color_primary_{name}_{axis}"]) for axis in "xy"] for name in ("red", "green", "blue")]
    white = _xyz_of(*(float(numbers[f"color_primary_white_{axis}"]) for axis in "xy"))
    columns = np.array([_xyz_of(*place) for place in places]).T
    colorants = _to_d50(white) @ (columns * np.linalg.solve(columns, white))
    return _icc([*(_xyz(column) for column in colorants.T), *[_curve(transfer)] * 3])


def _xyz_of(x: float, y: float) -> Float64:
    """(3,) XYZ of a chromaticity, with Y = 1."""
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _to_d50(white: Float64) -> Float64:
    """(3, 3) from a picture's white (3,) to that of profiles."""
    return np.asarray(np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ D50) / (BRADFORD @ white)) @ BRADFORD)


def _xyz(values: Float64) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values.tolist()))


def _curve(transfer: int) -> bytes:
    if transfer == LINEAR or transfer in PURE:
        return b"para\0\0\0\0" + struct.pack(">HH", 0, 0) + _fixed(PURE.get(transfer, 1.0))
    return b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + b"".join(map(_fixed, SRGB_CURVE))


def _fixed(value: float) -> bytes:
    """16 bits before the point, 16 behind it."""
    return struct.pack(">i", round(value * 65536))


def _icc(parts: list[bytes]) -> bytes:
    """A profile of version 4 with three colorants and three curves."""
    names = (b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"wtpt", b"desc")
    words = "named by numbers".encode("utf-16-be")
    told = b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(words), 28) + words
    bodies = [part + bytes(-len(part) % 4) for part in (*parts, _xyz(D50), told)]
    offset, table = 128 + 4 + 12 * len(names), b""
    for name, body in zip(names, bodies, strict=True):
        table += name + struct.pack(">II", offset, len(body))
        offset += len(body)
    white = b"".join(map(_fixed, D50.tolist()))
    head = struct.pack(">I4x4s4s4s4s12x4s28x", offset, b"\x04\x30\0\0", b"mntr", b"RGB ", b"XYZ ", b"acsp") + white
    return head.ljust(128, b"\0") + struct.pack(">I", len(names)) + table + b"".join(bodies)
