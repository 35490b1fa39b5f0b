"""One person's changes of svd's streams, at tiny size: windows kept back, and a small checkpoint that is used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("diffusers")
from places import PORTRAITS
from scipy.io import wavfile

import dicetalk
from dicetalk.data.latents import LatentClip
from dicetalk.errors import ConfigError, InputError
from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE
from dicetalk.svd.backbone import load_svd
from dicetalk.svd.options import SvdOptions
from dicetalk.training.person_svd import apart, finetune_svd
from dicetalk.training.recipes import SVD_PERSON


def clip(frames: int) -> LatentClip:
    return LatentClip(path=Path("a"), frames=frames, identity="own", begin=0)


def test_windows_at_the_end_are_kept_back() -> None:
    learned, kept = apart([clip(400), clip(70), clip(20)], 25)
    assert [(part.begin, part.frames) for part in learned] == [(0, 400 - 75 - 12), (0, 70 - 25 - 12), (0, 20)]
    assert [(part.begin, part.frames) for part in kept] == [(325, 25), (350, 25), (375, 25), (45, 25)]
    with pytest.raises(InputError, match=r"no video is 5\.0 s long"):
        apart([clip(40)], 25)


@pytest.mark.slow
def test_a_person_is_learned_beside_the_checkpoint(tiny_svd: Path, voice: Waveform, tmp_path: Path) -> None:
    wavfile.write(tmp_path / "me.wav", SPEECH_RATE, voice[: round(5.4 * SPEECH_RATE)])
    film = dicetalk.load("rules")(PORTRAITS / "woman.jpg", tmp_path / "me.wav", size=192, crop=True)
    film.save(tmp_path / "me.mp4")
    loop = replace(SVD_PERSON.loop, steps=2, accumulate=1, warmup=1, rate=1e-2, average=0.0)
    recipe = replace(
        SVD_PERSON, start=str(tiny_svd), frames=4, rank=2, loop=loop, checkpointing=False, precision="float32"
    )
    became = finetune_svd([tmp_path / "me.mp4"], tmp_path / "me", recipe, side=64)
    assert became.blink_every is None and became.seconds[0] > became.seconds[1] > 0
    assert {file.name for file in (tmp_path / "me").glob("*.safetensors")} == {"lora.safetensors", "state.safetensors"}
    for wrong in (replace(recipe, learned="streams"), replace(recipe, start=str(tmp_path / "me"))):
        with pytest.raises(ConfigError, match=r"learned=lora|small change of another"):
            finetune_svd([tmp_path / "me.mp4"], tmp_path / "more", wrong, side=64)
    assert load_svd(tmp_path / "me", SvdOptions(device="cpu")).config["learned"] == ["own"]
