"""Filmed clips -> what the svd denoiser learns from: see `latents.py` for the files.

The square around the face is cut out, every second frame of it encoded by the VAE and by CLIP, the sound by whisper,
each by the networks of the checkpoint that learning will start from.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dicetalk.arrays import Float32, Float64, Int16
from dicetalk.data.clip import Clip, Missing, Prepared
from dicetalk.data.film import Film, crops, read_film, square_around
from dicetalk.data.latents import LATENTS, SUFFIX, LatentClip, Tensors, clip_at, write_latents
from dicetalk.data.provenance import claim
from dicetalk.data.quality import flaw_of, thumbnail
from dicetalk.data.report import THUMBNAILS
from dicetalk.data.samples import Heard, listened
from dicetalk.emotion.discriminator import LEVELS
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.errors import InputError, MediaError, NoFaceError
from dicetalk.face import Box
from dicetalk.media import Picture, probe
from dicetalk.media.picture import write_picture
from dicetalk.modules import load_module
from dicetalk.rates import FPS, FRAMES_PER_LATENT, LATENT_FPS
from dicetalk.speech.rows import speech_rows
from dicetalk.svd.checkpoint import build_modules
from dicetalk.svd.encoders import embed_picture, encode_picture, encode_speech
from dicetalk.svd.parts import open_svd
from dicetalk.svd.placement import pick_device, pick_precision
from dicetalk.svd.preprocess import picture_inputs
from dicetalk.svd.sizes import FULL_PRECISION

ENCODERS = ("vae", "clip", "speech_encoder")
NOSE = 1
"""Of the 478 landmarks."""
MARKS = [NOSE, *range(0, 468, 8)]
"""Landmarks that tell how much head and face move."""
LEAST_FRAMES = 25
"""Of a clip that is worth learning from: two seconds, a window of the denoiser."""
BYTES_A_SECOND = 600_000
"""Of what a second of film takes, 512 px wide."""
FOLLOWING = 1.5
"""Seconds that hearing, following the face and reading its expression take, of a second of film on one core; 1.3 of 22
real clips, 166 s (2026-11-27)."""


@dataclass(frozen=True, eq=False)
class Encoders:
    """The frozen networks of a checkpoint.

    Attributes:
        vae: pictures to latents.
        clip: pictures to embeddings.
        whisper: sound to rows.
        name: the folder of the checkpoint.
    """

    vae: Any
    clip: Any
    whisper: Any
    name: str


@lru_cache(maxsize=1)  # one in each process
def open_encoders(folder: Path) -> Encoders:
    """Load the frozen networks of a checkpoint, and none of the others.

    Raises:
        CheckpointError: it is no svd checkpoint, or a damaged one.
    """
    checkpoint, device = open_svd(folder), pick_device("auto")
    modules = build_modules(checkpoint.config)
    loaded = [
        load_module(
            modules[name],
            checkpoint.file(name),
            torch.float32 if name in FULL_PRECISION else pick_precision("auto", device),
            str(device),
        )
        for name in ENCODERS
    ]
    vae, clip, whisper = loaded
    return Encoders(vae, clip, whisper, folder.resolve().name)


def encode(encoders: Encoders, pictures: Iterable[Picture], face: Box, marks: Float32, waveform: Int16) -> Tensors:
    """What a clip's file holds but for the prior.

    Args:
        encoders: the networks.
        pictures: square frames, 12.5 a second, of one size in multiples of 64 px.
        face: where the face is in any of them.
        marks: points of the face (T, K, 2) [px], the tip of the nose first.
        waveform: int16 at 16 kHz.
    """
    images, faces, region = [], [], None
    for picture in pictures:
        told = picture_inputs(picture, face, min(picture.shape[:2]))
        images.append(encode_picture(encoders.vae, told.picture)[0].float().cpu().numpy())
        faces.append(embed_picture(encoders.clip, told.clip)[0].float().cpu().numpy())
        region = told.mask[0].mul(255).round().byte().numpy() if region is None else region
    assert region is not None
    rows = encode_speech(encoders.whisper, waveform.astype(np.float32) / np.float32(32768)).numpy()
    count = min(len(images), len(marks))
    return {
        "images": np.stack(images[:count]).astype(np.float16),
        "faces": np.stack(faces[:count]).astype(np.float16),
        "rows": rows.astype(np.float16),
        "region": region,
        "marks": marks[:count].astype(np.float32),
    }


@dataclass(frozen=True)
class Forecast:
    """What the preparation of films will take.

    Attributes:
        seconds: of film that are not prepared yet [s].
        bytes: on the disk.
        work: how long it takes one process [s].
    """

    seconds: float
    bytes: int
    work: float

    def check(self, free: int) -> None:
        """Refuse to begin where the disk has too little room.

        Raises:
            InputError: it has.
        """
        if self.bytes > free:
            raise InputError(
                f"{self.seconds / 3600:.2g} h of film take about {self.bytes / 1e9:.1f} GB, and {free / 1e9:.1f} GB "
                "are free; make room, or give a smaller --crop"
            )

    def __str__(self) -> str:
        """In one line."""
        work = f"{self.work / 3600:.2g} h of a process"
        return f"{self.seconds / 3600:.2g} h of film: about {self.bytes / 1e9:.2g} GB, {work}"


def _seconds(video: Path) -> float:
    """Length of a film by its header [s]; 0 of one that will be dropped."""
    try:
        pictures, _ = probe(video)
    except MediaError:
        return 0.0
    return 0.0 if pictures is None else pictures.seconds


@dataclass(frozen=True, kw_only=True)
class SvdPreparation:
    """How films are prepared for svd.

    Attributes:
        checkpoint: whose networks encode them.
        side: of the square around a face [px], a multiple of 64.
        workers: processes.

    Raises:
        InputError: the side is none.
    """

    checkpoint: Path
    side: int = 512
    workers: int = 1

    def __post_init__(self) -> None:
        if self.side % 64 or self.side < 64:
            raise InputError(f"the side is {self.side} pixels; use a multiple of 64")

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU is of use."""
        return True

    @property
    def folders(self) -> tuple[str, ...]:
        """Of files, inside the prepared one."""
        return (LATENTS, THUMBNAILS)

    def begin(self, out: Path) -> None:
        """Refuse a folder that was prepared by another checkpoint or at another size, and a checkpoint that is none.

        Raises:
            InputError: the folder was.
            CheckpointError: the checkpoint is.
        """
        made_by = {"material": "films", "encoder": open_encoders(self.checkpoint).name, "side": self.side}
        claim(out, dict(made_by), held=any((out / LATENTS).glob(f"*{SUFFIX}")))

    def forecast(self, clips: Sequence[Clip], out: Path) -> Forecast:
        """What clips will take that are not there yet, by the lengths in their headers and one picture encoded."""
        new = [clip.video for clip in clips if clip.video is not None and self.known(clip, out) is None]
        seconds = sum(_seconds(video) for video in new)
        encoders, picture = open_encoders(self.checkpoint), np.zeros((self.side, self.side, 3), np.uint8)
        since = time.perf_counter()
        told = picture_inputs(picture, (0, 0, self.side, self.side), self.side)
        encode_picture(encoders.vae, told.picture)
        embed_picture(encoders.clip, told.clip)
        each = FOLLOWING + LATENT_FPS * (time.perf_counter() - since)
        return Forecast(seconds, round(seconds * BYTES_A_SECOND * (self.side / 512) ** 2), seconds * each)

    def known(self, clip: Clip, out: Path) -> Prepared | None:
        """What a clip's file holds that was prepared of the same labels; None where it has to be made anew."""
        try:
            there = clip_at(_file(clip, out))
        except InputError:
            return None
        same = _told(clip, out, there.frames, there.encoder) == there
        return Prepared(there.frames, True, True) if same else None

    def make(self, clip: Clip, out: Path) -> Prepared | Missing:
        """Write a clip's file, unless it is there; gives what it holds, or why the clip cannot be used."""
        known = self.known(clip, out)
        if known is not None:
            return known
        voice = listened(clip)
        if clip.video is None or isinstance(voice, Missing):
            return voice if isinstance(voice, Missing) else Missing("has no pictures")
        try:
            return self._encode(clip, clip.video, voice, out)
        except (MediaError, NoFaceError) as error:
            return Missing(str(error))

    def _encode(self, clip: Clip, video: Path, voice: Heard, out: Path) -> Prepared | Missing:
        film = read_film(video, voice.speech)
        if isinstance(film, Missing):
            return film
        film = film.cut(voice.speech.frames)
        places = self._in_crop(film)[..., :2]
        if len(places) < LEAST_FRAMES:
            least = LEAST_FRAMES * FRAMES_PER_LATENT / FPS
            return Missing(f"it lasts {len(film.motion) / FPS:.1f} s; at least {least:g} s are learned from")
        face = square_around(places)
        pictures = list(self._pictures(video, film.box, len(film.motion)))
        write_picture(out / THUMBNAILS / f"{clip.name}.jpg", thumbnail(pictures[len(pictures) // 2]))
        flaw = flaw_of(pictures, self._in_crop(film))
        if flaw:
            return Missing(flaw)
        encoders = open_encoders(self.checkpoint)
        tensors = dict(encode(encoders, pictures, face, places[:, MARKS].astype(np.float32), voice.waveform))
        prior = shipped_embedder().embed(speech_rows(voice.waveform, voice.speech)[: len(film.motion)], film.motion)
        tensors["prior"] = np.stack([prior.mean, prior.std]).astype(np.float32)
        frames = len(tensors["images"])
        write_latents(_told(clip, out, frames, encoders.name), tensors)
        offset = film.offset.frames if film.offset is not None and film.offset.sure else None
        return Prepared(frames, True, True, offset)

    def _in_crop(self, film: Film) -> Float64:
        """Landmarks (T, 478, 3) of every frame that is kept, in its crop [px]."""
        scale = self.side / (film.box[2] - film.box[0])
        landmarks = film.landmarks[::FRAMES_PER_LATENT].copy()
        landmarks[..., :2] -= film.box[:2]
        return landmarks * scale

    def _pictures(self, video: Path, box: Box, frames: int) -> Iterator[Picture]:
        return itertools.islice(crops(video, box, frames, self.side), 0, None, FRAMES_PER_LATENT)


def _file(clip: Clip, out: Path) -> Path:
    return out / LATENTS / f"{clip.name}{SUFFIX}"


def _told(clip: Clip, out: Path, frames: int, encoder: str) -> LatentClip:
    return LatentClip(
        path=_file(clip, out),
        frames=frames,
        identity=clip.identity,
        emotion=clip.emotion or "",
        level=int(np.clip(round(clip.strength * LEVELS), 1, LEVELS)),
        corpus=clip.corpus,
        encoder=encoder,
    )
