"""The sound of each line: from a recording that is cut at its pauses, a folder with a file a line, or a command."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from dicetalk.arrays import Float64, Int16
from dicetalk.commands import Command, command_of
from dicetalk.dialogue.cast import Player
from dicetalk.errors import ConfigError, InputError
from dicetalk.media import Sound, read_sound
from dicetalk.media.soundtrack import resampled
from dicetalk.rates import HOPS_PER_SECOND
from dicetalk.speech.grid import hop_power, runs
from dicetalk.speech.level import measure_level
from dicetalk.voice.change import Change

RATE = 48_000
"""Samples a second of a film's sound [Hz]."""
TEXT, OUTPUT, VOICE = "{text}", "{output}", "{voice}"
"""Stand in a text-to-speech command for what is said, the WAV file to write, and the voice of who says it."""
PATIENCE = 120.0
"""What such a command may take for a line [s]."""
SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".webm", ".mp4", ".mov")
LEAST_PAUSE, LEAST_SOUND = 15, 5
"""Between two lines in one recording, and of what is no click [hops]."""
EDGE = 0.08
"""Kept of the silence around a line that is cut out [s]."""
LIKES_PAUSES = 0.6
"""How much a longer pause counts beside a length of line that fits its text, when a recording is cut."""


@dataclass(frozen=True, eq=False)
class Spoken:
    """The sound of a line.

    Attributes:
        samples: (N,) int16 at `RATE`, mono.
        warnings: what is wrong with where it was read from, one line each.
        changes: how far its voice was moved; none where it is as it was recorded.
    """

    samples: Int16
    warnings: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def seconds(self) -> float:
        """Its length [s]."""
        return len(self.samples) / RATE


def synthesiser_of(line: str) -> Command:
    """A text-to-speech command, `espeak-ng -w {output} {text}` say; it is run without a shell.

    Raises:
        ConfigError: it cannot be split into words, lacks a field, or there is no such program.
    """
    command = command_of("text-to-speech command", line)
    missing = [field for field in (TEXT, OUTPUT) if not command.has(field)]
    if missing:
        what = "what is said" if missing[0] == TEXT else "the WAV file that it writes"
        raise ConfigError(f"the text-to-speech command {line!r} has no {missing[0]}; it stands for {what}")
    return command


def check_voice(player: Player, synthesiser: Command | None) -> None:
    """Make sure that somebody's voice comes from somewhere, before any work.

    Raises:
        InputError: it does not.
    """
    if player.voice and Path(player.voice).exists():
        return
    if synthesiser is None:
        found = f"{player.voice} is not there" if player.voice else "there is none"
        raise InputError(f"{player.name} has no voice ({found}); give a recording behind the portrait, or --tts")
    if bool(player.voice) != synthesiser.has(VOICE):
        found = f"is {player.voice}" if player.voice else "is not named"
        hint = f"write {VOICE} into --tts" if player.voice else f"name it behind the portrait, for {VOICE} in --tts"
        raise InputError(f"the voice of {player.name} {found}; {hint}, or give a recording")


def spoken(
    player: Player, texts: Sequence[str], synthesiser: Command | None, folder: Path, told: Callable[[], None]
) -> list[Spoken]:
    """What somebody says, a sound for each text.

    Args:
        player: who.
        texts: in their order.
        synthesiser: what speaks for those who have no recording.
        folder: for files that are not kept.
        told: is called after each line.

    Raises:
        MediaError: a recording cannot be read.
        InputError: there are not as many recordings, or stretches of speech in one, as texts; or the command fails.
        ConfigError: the command cannot be started.
    """
    path = Path(player.voice)
    if player.voice and path.is_dir():
        lines = _one_each(player, path, len(texts))
    elif player.voice and path.exists():
        lines = iter(_cut(read_sound(path), texts, player.name))
    else:
        assert synthesiser is not None  # checked
        lines = (_said(synthesiser, player, text, folder) for text in texts)
    made = []
    for line in lines:
        made.append(line)
        told()
    return made


def _one_each(player: Player, folder: Path, count: int) -> Iterator[Spoken]:
    """The recordings of a folder in the order of their names, `2.wav` before `10.wav`."""
    files = sorted((path for path in folder.iterdir() if path.suffix.lower() in SOUNDS), key=_natural)
    if len(files) != count:
        raise InputError(f"{folder} has {len(files)} recordings; expected {count}, one for each line of {player.name}")
    return (_whole(read_sound(path)) for path in files)


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part.lower()) for part in re.split(r"(\d+)", path.name)]


def _said(synthesiser: Command, player: Player, text: str, folder: Path) -> Spoken:
    output = folder / "line.wav"
    output.unlink(missing_ok=True)
    plain = f" {text}" if text.startswith("-") else text  # no option of the program's
    given = {TEXT: plain, OUTPUT: str(output), VOICE: player.voice}
    synthesiser.run(given, folder / "answer", PATIENCE, "a line")
    if not output.is_file():
        raise InputError(
            f"the text-to-speech command {synthesiser.name} wrote no sound to {OUTPUT}; see how it is used"
        )
    return _whole(read_sound(output))


def _whole(sound: Sound) -> Spoken:
    blocks = [block.to_ndarray().reshape(-1) for block in resampled(sound.blocks(), "s16", "mono", RATE)]
    return Spoken(np.concatenate(blocks).astype(np.int16), sound.warnings)


def _cut(sound: Sound, texts: Sequence[str], name: str) -> list[Spoken]:
    """One recording of several lines, cut at the pauses that fit the lengths of their texts best."""
    all_of_it = _whole(sound)
    if len(texts) == 1:
        return [all_of_it]
    stretches = _stretches(sound)
    if len(stretches) < len(texts):
        raise InputError(
            f"{sound.path} has {len(stretches)} stretches of speech with pauses between, and {name} has {len(texts)} "
            "lines; leave a pause between lines, or give a folder with a file for each"
        )
    firsts = [*_first_of_each(stretches, np.array([float(len(text)) for text in texts])), len(stretches)]
    ends = [(stretches[one][0] - EDGE, stretches[other - 1][1] + EDGE) for one, other in pairwise(firsts)]
    cut = [all_of_it.samples[max(round(a * RATE), 0) : round(b * RATE)] for a, b in ends]
    return [Spoken(samples, sound.warnings) for samples in cut]


def _stretches(sound: Sound) -> list[tuple[float, float]]:
    """From when to when [s] there is speech without a pause."""
    speaks = hop_power(sound.waveform.astype(np.float32)) >= measure_level(sound.waveform).pause
    found: list[tuple[int, int]] = []
    for start, end in runs(speaks):
        if not speaks[start]:
            continue
        if found and start - found[-1][1] < LEAST_PAUSE:
            start = found.pop()[0]
        found.append((start, end))
    return [(start / HOPS_PER_SECOND, end / HOPS_PER_SECOND) for start, end in found if end - start >= LEAST_SOUND]


def _first_of_each(stretches: list[tuple[float, float]], sizes: Float64) -> list[int]:
    """At which stretch each line begins: the cheapest way, by how far lengths are from those of the texts."""
    starts = np.array([start for start, _ in stretches])
    ends = np.array([end for _, end in stretches])
    speed = (ends - starts).sum() / sizes.sum()
    pauses = np.concatenate([[1.0], starts[1:] - ends[:-1]])
    lasts = np.maximum(ends[None, :] - starts[:, None], 1e-3)  # of a line from one stretch to another
    late = np.tri(len(stretches), k=-1, dtype=bool)
    cost = np.where(np.arange(len(stretches)) == 0, 0.0, np.inf)  # of a line that begins there
    before: list[Float64] = []
    for size in sizes[:-1]:
        fits = np.where(late, np.inf, np.log(lasts / (size * speed)) ** 2) + cost[:, None]
        before.append(fits.argmin(axis=0))
        cost = np.concatenate([[np.inf], fits.min(axis=0)[:-1]]) - LIKES_PAUSES * np.log(pauses)
    cost = cost + np.log(np.maximum(ends[-1] - starts, 1e-3) / (sizes[-1] * speed)) ** 2
    firsts = [int(cost.argmin())]
    for choice in reversed(before):
        firsts.append(int(choice[firsts[-1] - 1]))
    return firsts[::-1]
