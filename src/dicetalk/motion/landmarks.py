"""Which of the mesh's points are what: outlines of face, lips, lids and brows, irises, what holds still.

Points 0..467 are MediaPipe's face mesh, 468..477 the irises of the refined one. "Left" and "right" are the subject's,
as in the names of the ARKit shapes: the subject's left eye is at larger x in an unmirrored picture.
"""

from __future__ import annotations

FACE_VERTICES = 468
"""Vertices of the face mesh proper, without irises."""

OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""Outline of the face, from the middle of the forehead towards the subject's left."""

UPPER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
"""Inner lip outlines, corner to corner; equal places face each other."""

OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 146, 91, 181, 84, 17, 314, 405, 321, 375)
LIP_CORNERS = (61, 291)
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 46, 53, 52, 65, 55, 285, 295, 282, 283, 276)
RIGHT_UPPER_LID = (33, 246, 161, 160, 159, 158, 157, 173, 133)
RIGHT_LOWER_LID = (33, 7, 163, 144, 145, 153, 154, 155, 133)
LEFT_UPPER_LID = (263, 466, 388, 387, 386, 385, 384, 398, 362)
LEFT_LOWER_LID = (263, 249, 390, 373, 374, 380, 381, 382, 362)
RIGHT_LID_FOLDS = ((247, 30, 29, 27, 28, 56, 190), (113, 225, 224, 223, 222, 221, 189))
LEFT_LID_FOLDS = ((467, 260, 259, 257, 258, 286, 414), (342, 445, 444, 443, 442, 441, 413))
"""Two rows of skin over each upper lid outline, paired with its inner seven points: the lid, then below the brow."""

RIGHT_IRIS = (468, 469, 470, 471, 472)
LEFT_IRIS = (473, 474, 475, 476, 477)
"""Irises of the refined mesh: centre, then four points on the rim."""

RIGID = (
    *(6, 168, 197, 195, 5, 4, 1, 2, 98, 327, 33, 133, 263, 362, 10, 109, 338, 67, 297, 103, 332, 54, 284),
    *(21, 251, 162, 389, 127, 356, 234, 454, 8, 9, 151, 122, 351, 174, 399, 94),
)
"""Landmarks that expressions hardly move: skull, nose bridge, eye corners."""
