"""The commands of the page on feelings which are about dialogues do what it says."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from command_line import dicetalk, names
from places import ROOT
from scipy.io import wavfile

from dicetalk.arrays import Waveform

COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / "feelings.md").read_text("utf-8"), re.S | re.M)
    for line in block.splitlines()
    if "dialogue" in line
]
TALK = """\
ANNA: I lost my dog.
BEN: Oh no, where?
ANNA: In the park.
BEN [happy:0.8]: There he is!
"""


def has_its_programs(command: str) -> bool:
    return "--tts" not in command or shutil.which("espeak-ng") is not None


@pytest.mark.slow
def test_the_commands_of_the_page_run(
    tmp_path: Path, hopper: Path, voice: Waveform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("talk.txt").write_text(TALK, encoding="utf-8")
    said, pause = voice[16_000:24_000], np.zeros(8000, np.int16)
    for name in ("anna", "ben"):
        wavfile.write(f"{name}.wav", 16_000, np.concatenate([said, pause, said]))
        Path(f"{name[0]}.png").symlink_to(hopper)
        folder = Path(f"lines_{name[0]}")
        folder.mkdir()
        for number in (1, 2):
            wavfile.write(folder / f"{number}.wav", 16_000, said)
    for command in filter(has_its_programs, COMMANDS):
        words = shlex.split(command, comments=True)[1:]
        small = ["--size", "64", "--crop"] if words[0] == "dialogue" else []
        assert dicetalk(*words, *small) == 0, (command, capsys.readouterr().err)
    assert len(COMMANDS) > 5
    assert {"scene.mp4", "plan.json", "anna.json"} <= set(names(tmp_path))
