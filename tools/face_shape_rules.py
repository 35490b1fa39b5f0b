"""Rules that turn the scanned-face displacements into the basis DiceTalk ships.

Every function takes and returns arrays in the units of the source: 1 = inter-ocular distance, x right in the image
(the subject's left), y down, z away from the camera. `delta` is (468, 3), one shape; `basis` maps names to deltas.
"""

from __future__ import annotations

import numpy as np

Basis = dict[str, np.ndarray]

# Rings of the mouth from the seam outwards, 11 columns from the subject's right corner to the left one.
UPPER_LIP = np.array(
    [
        [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308],
        [62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292],
        [76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306],
        [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291],
    ]
)
LOWER_LIP = np.array(
    [
        [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308],
        [62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292],
        [76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306],
        [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291],
    ]
)
LIP_POINTS = np.unique(np.concatenate([UPPER_LIP.ravel(), LOWER_LIP.ravel()]))
# How much of a correction of the seam each ring outwards takes: the lip keeps its thickness, its border hardly moves.
RING_SHARE = np.array([1.0, 0.85, 0.55, 0.25])

# The rims of the subject's left eye, inner to outer, without the two corners, and the next ring of skin.
LEFT_UPPER_LID = np.array([[398, 384, 385, 386, 387, 388, 466], [414, 286, 258, 257, 259, 260, 467]])
LEFT_LOWER_LID = np.array([[382, 381, 380, 374, 373, 390, 249], [341, 256, 252, 253, 254, 339, 255]])
LID_SHARE = np.array([1.0, 0.35])
# Where the lids meet, as a fraction of the open eye above the lower lid: the upper lid does most of the way.
CLOSED_LINE = 0.18

FACE_OVAL = np.array(
    [
        *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
        *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
    ]
)
OVAL_SHARE = 0.3
CHIN_SHARE = 0.85

# Strength against the sizes animators know from Apple's reference faces; below 1 tones down, limited to what stays
# natural on the mesh (arkit-style rigs differ: the scanned rig is timid with brows and bold with the nose).
STRENGTH = {
    "eyeLookDown": 0.8,
    "eyeLookIn": 1.4,
    "eyeLookOut": 1.4,
    "eyeSquint": 1.4,
    "eyeWide": 1.3,
    "jawForward": 0.85,
    "mouthFunnel": 1.15,
    "mouthLeft": 0.65,
    "mouthRight": 0.65,
    "mouthSmile": 1.1,
    "mouthFrown": 1.25,
    "mouthStretch": 1.3,
    "mouthRollLower": 0.7,
    "mouthRollUpper": 0.85,
    "mouthShrugLower": 0.7,
    "mouthShrugUpper": 0.8,
    "mouthPress": 1.8,
    "mouthLowerDown": 1.55,
    "mouthUpperUp": 1.2,
    "browDown": 1.37,
    "browInnerUp": 1.8,
    "browOuterUp": 1.37,
    "cheekPuff": 0.65,
    "cheekSquint": 1.25,
    "noseSneer": 0.65,
}

# Shapes that leave closed lips closed, with the share of a correction the upper lip takes.
CLOSED_LIPS = {
    "mouthSmile": 0.5,
    "mouthFrown": 0.5,
    "mouthDimple": 0.5,
    "mouthStretch": 0.5,
    "mouthPress": 0.3,
    "mouthRollLower": 0.0,
    "mouthRollUpper": 1.0,
    "mouthShrugLower": 0.5,
    "mouthPucker": 0.5,
    "mouthLeft": 0.5,
    "mouthRight": 0.5,
    "jawLeft": 0.5,
    "jawRight": 0.5,
    "jawForward": 0.5,
    "cheekPuff": 0.5,
}


LEFT_INNER_BROW = [285, 336]
KNIT = np.array([-0.045, 0.035, 0.0])
KNIT_REACH = 0.42
"""How far a lowered brow's inner end comes in and down, and over what distance that fades [inter-ocular distances]."""


def stem(name: str) -> str:
    """The name without its side: `browDownLeft` -> `browDown`; shapes without a pair keep their name."""
    if name in ("jawLeft", "jawRight", "mouthLeft", "mouthRight"):
        return name
    return name.removesuffix("Left").removesuffix("Right")


def partner(name: str) -> str:
    """The name of the mirrored shape; a shape in the middle is its own partner."""
    if name.endswith("Left"):
        return name.removesuffix("Left") + "Right"
    if name.endswith("Right"):
        return name.removesuffix("Right") + "Left"
    return name


def smoothstep(x: np.ndarray, start: float, end: float) -> np.ndarray:
    """0 below `start`, 1 above `end`, smooth between (also falling, with start > end)."""
    t = np.clip((x - start) / (end - start), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def mirrored(points: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """The same displacement (468, 3) on the other side of the face."""
    out = np.empty_like(points)
    out[mirror] = points * np.array([-1.0, 1.0, 1.0], dtype=points.dtype)
    return out


def symmetrised(basis: Basis, mirror: np.ndarray) -> Basis:
    """Each left shape the exact mirror of its right partner, each middle shape of itself."""
    out = {}
    for name, delta in basis.items():
        if name.endswith("Right"):
            continue
        mean = (delta + mirrored(basis[partner(name)], mirror)) / 2
        out[name] = mean
        if name.endswith("Left"):
            out[partner(name)] = mirrored(mean, mirror)
    return {name: out[name] for name in basis}


def region(name: str, neutral: np.ndarray) -> np.ndarray:
    """Weight (468,) of where a shape may act, from the part of the face its name says."""
    x, y = neutral[:, 0], neutral[:, 1]
    if name.startswith(("eyeSquint", "cheekSquint")):
        weight = smoothstep(y, 0.95, 0.6) * smoothstep(y, -0.6, -0.25)
    elif name.startswith("eye"):
        weight = smoothstep(y, 0.65, 0.35)
    elif name.startswith("brow"):
        weight = smoothstep(y, 0.5, 0.1)
    elif name.startswith("noseSneer"):
        weight = smoothstep(y, 1.6, 0.75)
    elif name == "cheekPuff":
        weight = smoothstep(y, -0.1, 0.4) * mouth_shield(neutral)
    else:
        weight = smoothstep(y, -0.05, 0.45)
    if name == "mouthClose":
        weight = weight * smoothstep(lip_distance(neutral), 0.5, 0.2)  # it undoes the parting, not the dropped chin
    if name.startswith(("mouthPress", "mouthLowerDown")):
        weight = weight * (0.3 + 0.7 * smoothstep(y, 1.65, 1.3))  # the lips, not the chin
    if name.startswith(("eye", "brow", "cheekSquint")) and name.endswith(("Left", "Right")):
        side = x if name.endswith("Left") else -x
        weight = weight * smoothstep(side, -0.12, 0.12)
    return weight


def mouth_shield(neutral: np.ndarray) -> np.ndarray:
    """Weight (468,) that is low on the lips and their corners and one on the cheeks."""
    return 0.2 + 0.8 * smoothstep(lip_distance(neutral), 0.05, 0.35)


def lip_distance(neutral: np.ndarray) -> np.ndarray:
    """Distance (468,) of each point to the nearest point of the lips, seen from the front."""
    return np.linalg.norm(neutral[:, None, :2] - neutral[None, LIP_POINTS, :2], axis=-1).min(axis=1)


def localised(name: str, delta: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """The displacement kept to its own region; what is small and far away fades out smoothly."""
    size = np.linalg.norm(delta, axis=1)
    if size.max() == 0:
        return delta
    weight = smoothstep(size / size.max(), 0.01, 0.06) * region(name, neutral)
    return delta * (weight * outline_share(name, neutral))[:, None]


def outline_share(name: str, neutral: np.ndarray) -> np.ndarray:
    """Weight (468,) that calms the outline of the face, least sure of all points; the jaw's shapes keep it."""
    if name in ("jawOpen", "jawLeft", "jawRight", "mouthClose", "cheekPuff"):
        return np.ones(len(neutral))
    gap = np.linalg.norm(neutral[:, None, :2] - neutral[None, FACE_OVAL, :2], axis=-1).min(axis=1)
    least = OVAL_SHARE + (CHIN_SHARE - OVAL_SHARE) * smoothstep(neutral[:, 1], 1.35, 1.6)
    return least + (1 - least) * smoothstep(gap, 0.0, 0.22)


def move_rings(delta: np.ndarray, rings: np.ndarray, correction: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Add `correction` (columns, 3) to the first ring and its `share` to the rings behind it; ends stay if zero."""
    out = delta.copy()
    for ring, part in zip(rings, share, strict=True):
        out[ring] += part * correction
    return out


def close_lips(delta: np.ndarray, upper_share: float) -> np.ndarray:
    """Make both sides of the lip seam move together in y, the upper lip taking `upper_share` of the correction."""
    gap = delta[LOWER_LIP[0], 1] - delta[UPPER_LIP[0], 1]
    down = np.stack([0 * gap, gap, 0 * gap], axis=1)
    out = move_rings(delta, UPPER_LIP, upper_share * down, RING_SHARE)
    return move_rings(out, LOWER_LIP, -(1 - upper_share) * down, RING_SHARE)


def uncross_lips(delta: np.ndarray) -> np.ndarray:
    """Push the lips apart in y where the shape would take the lower one above the upper one."""
    gap = np.minimum(delta[LOWER_LIP[0], 1] - delta[UPPER_LIP[0], 1], 0)
    down = np.stack([0 * gap, gap, 0 * gap], axis=1)
    out = move_rings(delta, UPPER_LIP, 0.5 * down, RING_SHARE)
    return move_rings(out, LOWER_LIP, -0.5 * down, RING_SHARE)


def meeting_lips(delta: np.ndarray) -> np.ndarray:
    """Make both sides of the seam move alike in x, y and z: the lips stay as closed as they were."""
    half = (delta[LOWER_LIP[0]] - delta[UPPER_LIP[0]]) / 2
    return move_rings(move_rings(delta, UPPER_LIP, half, RING_SHARE), LOWER_LIP, -half, RING_SHARE)


def closed_neutral(neutral: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """The neutral face, symmetric, with the lips touching all along the seam."""
    flipped = mirrored(neutral, mirror)
    return meeting_lips((neutral + flipped) / 2)


def closing_blink(delta: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """`eyeBlinkLeft` that brings both lids exactly onto one line, `CLOSED_LINE` above the open lower lid."""
    upper, lower = LEFT_UPPER_LID[0], LEFT_LOWER_LID[0]
    line = neutral[lower] + CLOSED_LINE * (neutral[upper] - neutral[lower])
    line[:, 0] = (neutral[upper, 0] + neutral[lower, 0]) / 2
    out = move_rings(delta, LEFT_UPPER_LID, line - neutral[upper] - delta[upper], LID_SHARE)
    return move_rings(out, LEFT_LOWER_LID, line - neutral[lower] - delta[lower], LID_SHARE)


def knitted_brow(delta: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """`browDownLeft` whose inner end also comes in and down: corrugator, which the scan's actors hardly used."""
    away = np.linalg.norm((neutral - neutral[LEFT_INNER_BROW].mean(0))[:, :2], axis=1)
    return delta + (np.maximum(1 - (away / KNIT_REACH) ** 2, 0) ** 2)[:, None] * KNIT


def scaled(raw: Basis, neutral: np.ndarray, mirror: np.ndarray) -> Basis:
    """The scanned basis, symmetric, at the strength and in the regions of the rules."""
    return {
        name: localised(name, STRENGTH.get(stem(name), 1.0) * delta, neutral)
        for name, delta in symmetrised(raw, mirror).items()
    }


def sealed(basis: Basis, neutral: np.ndarray, mirror: np.ndarray) -> Basis:
    """The basis with lids that close on one line and lips that meet and never cross, exactly symmetric."""
    out = symmetrised(basis, mirror)
    jaw_with_closed_lips = meeting_lips(out["jawOpen"] + out["mouthClose"])
    out["eyeBlinkLeft"] = closing_blink(out["eyeBlinkLeft"], neutral)
    out["eyeBlinkRight"] = mirrored(out["eyeBlinkLeft"], mirror)
    out["browDownLeft"] = knitted_brow(out["browDownLeft"], neutral)
    out["browDownRight"] = mirrored(out["browDownLeft"], mirror)
    for name in basis:
        share = CLOSED_LIPS.get(stem(name))
        out[name] = uncross_lips(out[name]) if share is None else close_lips(out[name], share)
    out["mouthClose"] = jaw_with_closed_lips - out["jawOpen"]
    return symmetrised(out, mirror)
