"""Passages of made-up speech and motion, as preparation writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dicetalk.data.passages import VOICE, Acted, write_passage
from dicetalk.diffusion.channels import MOTION
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.speech.stream import SPEECH


def made_up(passages: int = 4, frames: int = 120) -> Acted:
    """Motion that is a function of speech and of what is felt."""
    drawn = np.random.default_rng(0)
    rows = passages * frames
    speech = drawn.normal(0, 1, (rows, SPEECH))
    feelings = np.zeros((2, rows, len(NAMES)))
    for passage in range(passages):
        feelings[:, passage * frames : (passage + 1) * frames, 1 + passage % 3] = 1
    mixing, feeling = drawn.normal(0, 0.02, (SPEECH, MOTION)), drawn.normal(0, 0.3, (len(NAMES), MOTION))
    motion = speech @ mixing + feelings @ feeling
    starts = np.arange(passages + 1) * frames
    resting = drawn.uniform(0, 0.1, (2, passages, 52)).astype(np.float16)
    half = [each.astype(np.float16) for each in (speech, motion, feelings)]
    return Acted(half[0][None], half[1], half[2], resting, starts)


def write_acted(folder: Path) -> Path:
    """Passages of voices to learn from and of one that is held out."""
    (folder / "passages").mkdir(parents=True)
    acted = made_up(passages=6)
    for number, voice in enumerate(["flite en slt"] * 3 + ["flite en rms"] * 3):
        rows = slice(number * 120, (number + 1) * 120)
        tensors = {
            "speech": acted.speech[:, rows],
            "motion": acted.motion[:, rows],
            "feelings": acted.feelings[:, rows],
        }
        tensors["resting"] = acted.resting[:, number]
        write_passage(folder / "passages" / f"{number}.safetensors", tensors, {VOICE: voice})
    return folder
