"""Which channel of a sound is meant, and its samples alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from dicetalk.errors import InputError

Channel = int | str
"""A number from 1, or "left" or "right", the first and the second."""

SIDES = {"left": 1, "right": 2}

MOST_PLACED = 8
"""Channels that a room can have (7.1). Of more, as a recorder of many tracks writes them, FFmpeg mixes some or none."""


def channel_number(channel: Channel | None) -> int | None:
    """The number of a channel from 1; None, which is all of them, stays None.

    Raises:
        InputError: neither a side nor a number from 1.
    """
    if channel is None or (isinstance(channel, int) and not isinstance(channel, bool) and channel >= 1):
        return channel
    text = channel.strip().lower() if isinstance(channel, str) else ""
    number = SIDES.get(text) or (int(text) if text.isascii() and text.isdigit() else 0)
    if number < 1:
        raise InputError(f"the channel is {str(channel)[:20]!r}; use left, right or a number from 1")
    return number


def only_channel(frames: Iterable[av.AudioFrame], number: int) -> Iterator[av.AudioFrame]:
    """Blocks with one channel of those that are given; `number` counts from 1.

    Raises:
        InputError: they have fewer.
    """
    for frame in frames:
        channels = channels_of(frame)
        if number > len(channels):
            there = "only channel 1" if len(channels) == 1 else f"channels 1 to {len(channels)}"
            raise InputError(f"channel {number} was asked for, and the sound has {there}; ask for one that is there")
        yield _one_channel(frame, channels[number - 1])


def mixed_tracks(frames: Iterable[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Blocks as they are; those of more channels than a room can have as one, the mean of all."""
    for frame in frames:
        yield frame if len(frame.layout.channels) <= MOST_PLACED else _mean(frame)


def _mean(frame: av.AudioFrame) -> av.AudioFrame:
    samples = channels_of(frame)
    return _one_channel(frame, samples.mean(0).astype(samples.dtype))


def _one_channel(frame: av.AudioFrame, samples: NDArray[Any]) -> av.AudioFrame:
    """A block in the place of another, of one channel (N,)."""
    alone = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), frame.format.name, "mono")
    alone.rate, alone.pts, alone.time_base = frame.rate, frame.pts, frame.time_base
    return alone


def channels_of(frame: av.AudioFrame) -> NDArray[Any]:
    """The samples of a block by channel, (C, N)."""
    samples = frame.to_ndarray()
    return samples if frame.format.is_planar else samples.reshape(-1, len(frame.layout.channels)).T
