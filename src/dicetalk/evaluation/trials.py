"""Makes the videos of a protocol: what a backbone makes of each trial, and the real clip cut and written alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from dicetalk.arrays import Picture
from dicetalk.checkpoints import read_json
from dicetalk.data.clip import Clip, Dropped
from dicetalk.data.film import CROP_AROUND, crops, square_around
from dicetalk.errors import ConfigError, InputError, NoFaceError
from dicetalk.evaluation.protocol import Plan, Trial
from dicetalk.face import Box, choose_face, find_faces
from dicetalk.files import whole, writing
from dicetalk.media import VideoWriter, read_sound, read_video
from dicetalk.media.video import frame_count
from dicetalk.pipeline import DiceTalk
from dicetalk.rates import FPS

OURS, REAL, RECORD = "videos", "real", "trials.json"
FIRST = FPS
"""Frames in which a face is looked for: the first second."""


@dataclass(frozen=True)
class Making:
    """How videos are made.

    Attributes:
        backbone: by what, as it was asked for.
        seed: which take.
        size: side of the square about the face [px].
        weights: digest of the backbone's weights; "" where it has none.
        corpus: where the real clips lie.
    """

    backbone: str
    seed: int = 0
    size: int = 256
    weights: str = ""
    corpus: str = ""

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


def digest_of(folder: Path | None) -> str:
    """Of all weights in a backbone's folder and what is told beside them; "" where there is no folder."""
    if folder is None:
        return ""
    found = hashlib.sha256()
    for path in sorted(p for suffix in ("*.safetensors", "*.json", "*.onnx") for p in folder.rglob(suffix)):
        with path.open("rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()[:16]


Made = dict[str, dict[str, Path]]
"""The videos of both sets by name."""


def make_trials(
    plan: Plan,
    talk: DiceTalk,
    making: Making,
    folder: Path,
    progress: Callable[[int, int], None],
    left_out: Callable[[Dropped], None],
    options: Mapping[str, Any] | None = None,
) -> Made:
    """Write the videos of all trials; those that are there stay, so that a run that was stopped goes on.

    Args:
        plan: the trials.
        talk: what makes them.
        making: how; another manner in the same folder is refused.
        folder: gets `videos/`, `real/` and `trials.json`.
        progress: called with trials done and in all.
        left_out: called with each that cannot be made, and why.
        options: further ones of the backbone, to be kept with the record.

    Raises:
        ConfigError: the folder holds videos that were made otherwise.
        InputError: none can be made.
    """
    with writing(folder):
        for name in (OURS, REAL):
            (folder / name).mkdir(parents=True, exist_ok=True)
    _record(folder / RECORD, {**making.to_json(), "options": dict(options or {})}, plan)
    made: Made = {OURS: {}, REAL: {}}
    reason = ""
    for done, trial in enumerate(plan.trials, 1):
        try:
            _make(trial, talk, making, folder)
        except InputError as error:
            reason = reason or str(error)
            left_out(Dropped(trial.clip.video or Path(trial.name), str(error)))
        else:
            for name, found in made.items():
                found[trial.name] = folder / name / f"{trial.name}.mp4"
        progress(done, len(plan.trials))
    if not made[OURS]:
        raise InputError(f"none of {len(plan.trials)} trials can be made ({reason})")
    return made


def _record(path: Path, making: Mapping[str, Any], plan: Plan) -> None:
    """Keep how the videos of a folder are made; refuse to mix them."""
    if path.exists():
        before = read_json(path, "use another folder").get("making")
        if before != making:
            raise ConfigError(f"{path.parent} holds videos made by {json.dumps(before)[:120]}; give another folder")
    told = {"making": making, "trials": [trial.to_json() for trial in plan.trials], "lacking": list(plan.lacking)}
    with whole(path) as hidden:
        hidden.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _make(trial: Trial, talk: DiceTalk, making: Making, folder: Path) -> None:
    """Both videos of a trial, each whole or not at all."""
    assert trial.clip.sound is not None
    real, ours = (folder / name / f"{trial.name}.mp4" for name in (REAL, OURS))
    if not real.exists():
        _write_real(trial.clip, making.size, real)
    if not ours.exists():
        portrait = _first_cut(trial.portrait, making.size)
        talk(portrait, trial.clip.sound, emotion=trial.emotion, seed=making.seed, size=making.size).save(ours)


def _write_real(clip: Clip, size: int, path: Path) -> None:
    """The real clip with its sound, cut about the face as the portrait is, at the rate and in the codec of ours."""
    video, sound = _of(clip)
    speech = read_sound(sound)
    frames = crops(video, _square(video), frame_count(len(speech.waveform)), size)
    with VideoWriter(path, width=size, height=size, speech=speech) as writer:
        for frame in frames:
            writer.write(frame)


def _first_cut(clip: Clip, size: int) -> Picture:
    """The square about the face in the first frame of a film."""
    video, _ = _of(clip)
    return next(crops(video, _square(video), 1, size))


def _of(clip: Clip) -> tuple[Path, Path]:
    assert clip.video is not None and clip.sound is not None  # as every clip of MEAD
    return clip.video, clip.sound


def _square(video: Path) -> Box:
    """Where the face is in the first frame that shows one.

    Raises:
        NoFaceError: none does in the first second.
    """
    for frame in islice(read_video(video, fps=FPS), FIRST):
        if faces := find_faces(frame):
            return square_around(np.asarray(choose_face(faces).landmarks, np.float64)[None, :, :2], CROP_AROUND)
    raise NoFaceError(f"{video} shows no face in its first second")
