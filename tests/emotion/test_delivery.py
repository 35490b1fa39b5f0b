"""What is told of how a clip is said."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dicetalk.emotion.delivery import CEPSTRA, SILENCE, VOICED, Delivery, statistics
from dicetalk.emotion.embedder import SPEECH_WIDTH
from dicetalk.speech import rows as speech


@pytest.fixture
def rows() -> Tensor:
    """(1, 60, 117) speech between pauses, every other row voiced."""
    found = torch.randn(1, 60, SPEECH_WIDTH, generator=torch.Generator().manual_seed(0))
    found[..., SILENCE] = 0
    found[:, :15, SILENCE] = found[:, 50:, SILENCE] = 1
    found[..., VOICED] = (torch.arange(60) % 2).float()
    return found


def all_of(rows: Tensor) -> Tensor:
    return torch.ones(rows.shape[:2], dtype=torch.bool)


def test_columns_are_those_of_the_rows() -> None:
    assert speech.COLUMNS[SILENCE] == "silence" and speech.COLUMNS[VOICED] == "voiced"
    assert (speech.CEPSTRA, len(speech.COLUMNS)) == (CEPSTRA, SPEECH_WIDTH)


def test_statistics_are_of_speech_alone(rows: Tensor) -> None:
    found = statistics(rows, all_of(rows))
    said = rows[0, 15:50]
    torch.testing.assert_close(found[0, :SPEECH_WIDTH], said.mean(0))
    torch.testing.assert_close(found[0, -CEPSTRA:], said[said[:, VOICED] > 0.5, :CEPSTRA].mean(0))
    louder = rows.clone()
    louder[:, :15, :SILENCE] += 7  # what happens in a pause
    torch.testing.assert_close(statistics(louder, all_of(rows)), found)


def test_padding_is_no_speech(rows: Tensor) -> None:
    padded = torch.cat([rows, torch.full((1, 20, SPEECH_WIDTH), 9.0)], dim=1)
    padded[:, 60:, SILENCE] = 0
    inside = torch.arange(80)[None] < 60
    torch.testing.assert_close(statistics(padded, inside), statistics(rows, all_of(rows)))


@pytest.mark.parametrize("frames", [1, 2, 9])
@pytest.mark.parametrize("silent", [0.0, 1.0])
def test_little_speech_or_none_gives_numbers(rows: Tensor, frames: int, silent: float) -> None:
    short = rows[:, :frames].clone()
    short[..., SILENCE] = silent
    assert statistics(short, all_of(short)).isfinite().all()


def test_a_token_for_every_stride(rows: Tensor) -> None:
    tokens = Delivery(SPEECH_WIDTH, inner=8, stride=4)(rows, all_of(rows))
    assert tokens.shape == (1, 15, 8) and (tokens == tokens[:, :1]).all()
