"""Pictures, sound and video: read what people have, write what the web plays.

A picture is a uint8 array `(H, W, 3)`, RGB in sRGB. A sound is analysed as 16 kHz mono int16; its own samples are only
ever decoded block by block, so that memory does not grow with length. Video goes out frame by frame. Whatever cannot be
read or written raises `MediaError` with one line.
"""

from dicetalk.arrays import Picture, Waveform
from dicetalk.media.picture import Photo, is_still, read_photo, read_picture, write_picture
from dicetalk.media.sound import Sound, read_sound
from dicetalk.media.video import (
    SoundTrack,
    VideoTrack,
    VideoWriter,
    frame_count,
    probe,
    read_video,
)

__all__ = [
    "Photo",
    "Picture",
    "Sound",
    "SoundTrack",
    "VideoTrack",
    "VideoWriter",
    "Waveform",
    "frame_count",
    "is_still",
    "probe",
    "read_photo",
    "read_picture",
    "read_sound",
    "read_video",
    "write_picture",
]
