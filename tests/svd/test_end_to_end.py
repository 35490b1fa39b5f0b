"""From picture and sound files to a video file through the svd backbone, at tiny size."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicetalk.media import probe
from dicetalk.pipeline import DiceTalk
from dicetalk.svd.backbone import load_svd
from dicetalk.svd.options import SvdOptions


@pytest.mark.slow
@pytest.mark.parametrize("frame", ["whole", "face"])
def test_a_portrait_speaks(hopper: Path, speech: Path, tiny_svd: Path, tmp_path: Path, frame: str) -> None:
    options = SvdOptions(preset="fast", steps=2, short_side=64, device="cpu", frame=frame)
    talk = DiceTalk(load_svd(tiny_svd, options))
    video = talk(hopper, speech, emotion="happy:0.7,surprised:0.3", size=160)
    out = video.save(tmp_path / "out.mp4")
    found, _ = probe(out)
    assert video.frames == 30
    assert found is not None and (found.width, found.height) == (video.width, video.height)
    assert found.seconds == pytest.approx(30 / 25, abs=0.02)
