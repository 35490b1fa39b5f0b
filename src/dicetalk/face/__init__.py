"""Faces: found in a picture, read as 478 landmarks, followed through frames; and what a person covers."""

from dicetalk.face.face import SEARCHED, Box, Face, choose_face, face_crop
from dicetalk.face.finder import find_faces, open_finder
from dicetalk.face.follower import follow_face
from dicetalk.face.mask import open_person, person_mask

__all__ = [
    "SEARCHED",
    "Box",
    "Face",
    "Picture",
    "choose_face",
    "face_crop",
    "find_faces",
    "follow_face",
    "open_finder",
    "open_person",
    "person_mask",
]
