"""`dicetalk live`: sound in by a pipe, frames out by another."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from dicetalk.backbone import KINDS, Kind
from dicetalk.cli import cli
from dicetalk.errors import ConfigError, EmotionError, InputError
from dicetalk.media import Waveform

MOTION = Kind(loads="dicetalk.diffusion.backbone:load_motion", moves=True)


def test_frames_of_what_comes(
    hopper: Path, voice: Waveform, tiny_motion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "motion", MOTION)
    words = ["live", str(hopper), "--crop", "--size", "96", "--backbone", str(tiny_motion), "-e", "happy"]
    done = CliRunner().invoke(cli, words, input=voice[:6401].tobytes(), catch_exceptions=False)
    assert len(done.stdout_bytes) == 11 * 96 * 96 * 3
    assert done.stderr == "frames of 96 x 96, rgb24, 25 a second\n"
    with pytest.raises(EmotionError, match="hears all"):
        CliRunner().invoke(cli, [*words, "-e", "auto"], input=b"", catch_exceptions=False)
    with pytest.raises(InputError, match="patience"):
        CliRunner().invoke(cli, [*words, "--patience", "0"], input=b"", catch_exceptions=False)


def test_a_voice_is_not_changed(hopper: Path) -> None:
    with pytest.raises(InputError, match="is not changed while it speaks"):
        CliRunner().invoke(cli, ["live", str(hopper), "--voice-emotion", "same"], input=b"", catch_exceptions=False)


def test_rules_cannot(hopper: Path) -> None:
    with pytest.raises(ConfigError, match="hears all of the speech first"):
        CliRunner().invoke(cli, ["live", str(hopper), "--backbone", "rules"], input=b"", catch_exceptions=False)
