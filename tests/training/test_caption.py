"""The captioner learns; it looks at a clip's own frames only, and knows strangers from whom it has learned from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import ConfigError
from dicetalk.reading.caption import caption
from dicetalk.reading.stretches import stretches
from dicetalk.training.caption import (
    CaptionRecipe,
    CaptionTask,
    Words,
    as_batch,
    captions_of,
    named,
    open_captioner,
    write_captioner,
)
from dicetalk.training.caption_clips import ACTORS, STRANGERS, CaptionClip, draw_clips, known_speech
from dicetalk.training.caption_net import BEGIN, CaptionNet, CaptionSizes
from dicetalk.training.loop import LoopOptions
from dicetalk.training.recipes import CAPTION_SMALL, train_by

SIZES = CaptionSizes(seen=16, word=12, feeling=20, cue=16, hidden=48, dropout=0.0)
TINY = CaptionRecipe(loop=LoopOptions(steps=2, save_every=2), sizes=SIZES, clips=6, measured=2, batch=6)


@pytest.fixture(scope="module")
def clips() -> list[CaptionClip]:
    return [*draw_clips(6, 5, known_speech()[:1])]


def fresh(clips: list[CaptionClip], recipe: CaptionRecipe = TINY) -> CaptionTask:
    return CaptionTask(recipe, clips, clips)


def test_clips_show_what_is_told(clips: list[CaptionClip]) -> None:
    for clip in clips:
        found = stretches(clip.told)
        assert clip.captions[0] == caption(clip.told) and len(set(clip.captions)) == 5
        assert [stretch.name for stretch in found] == [window.name for window in clip.told.windows]
        assert abs(found[-1].end - len(clip.motion) / 25) < 1e-9
        for way in clip.captions:
            assert named(way) == [stretch.name for stretch in found]
    again = [*draw_clips(2, 5, known_speech()[:1])]
    np.testing.assert_array_equal(again[1].motion, clips[1].motion)


def test_strangers_are_strangers() -> None:
    learned = {clip.actor for clip in draw_clips(4, 0, known_speech()[:1])}
    strange = {clip.actor for clip in draw_clips(4, 0, known_speech()[:1], range(STRANGERS, STRANGERS + 4))}
    assert max(learned) < ACTORS < STRANGERS <= min(strange)


@pytest.mark.slow
def test_a_handful_is_learned_by_heart(clips: list[CaptionClip]) -> None:
    handful = [replace(clip, captions=clip.captions[:1]) for clip in clips[:3]]
    task = fresh(handful)
    task.net.eval()  # what dropout there is is none
    motion, inside = as_batch([clip.motion for clip in handful])
    said = [ways[0] for ways in task.numbers]
    optimiser = torch.optim.Adam(task.net.parameters(), 1.5e-2)
    for _ in range(80):
        optimiser.zero_grad()
        task.losses_of(motion, inside, said, task.last)["loss"].backward()
        optimiser.step()
    found = captions_of(task.net, task.words, [clip.motion for clip in handful])
    assert [f"{text}.".capitalize() for text in found] == [clip.captions[0] for clip in handful]


@pytest.mark.parametrize("felt", [True, False])
def test_every_parameter_gets_a_gradient(clips: list[CaptionClip], felt: bool) -> None:
    task = fresh(clips, replace(TINY, sizes=replace(SIZES, felt=felt)))
    task.losses(torch.Generator().manual_seed(0))["loss"].backward()
    for name, parameter in task.net.named_parameters():
        assert parameter.grad is not None and bool(parameter.grad.abs().sum() > 0), name


def test_neither_batch_nor_padding_changes_anything(clips: list[CaptionClip]) -> None:
    net = fresh(clips).net.eval()
    motion, inside = as_batch([clip.motion for clip in clips])
    short = int(inside.sum(1).argmin())
    words = torch.full((len(clips), 3), BEGIN)
    alone = [each[short : short + 1, : int(inside[short].sum())] for each in (motion, inside)]
    with torch.no_grad():
        whole, single = net(motion, inside, words), net(*alone, words[:1])
    torch.testing.assert_close(whole.logits[short], single.logits[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(whole.gates[short], single.gates[0], atol=1e-5, rtol=1e-4)
    assert whole.names.shape == (len(clips), 3, len(NAMES)) and bool(((whole.gates > 0) & (whole.gates < 1)).all())


def test_a_feeling_evolves_with_the_words(clips: list[CaptionClip]) -> None:
    net = fresh(clips).net.eval()
    motion, inside = as_batch([clips[0].motion])
    with torch.no_grad():
        names = [net(motion, inside, torch.tensor([[BEGIN, word, word]])).names[0] for word in (3, 4)]
    torch.testing.assert_close(names[0][0], names[1][0])
    assert not torch.allclose(names[0][2], names[1][2])


def test_words_go_there_and_back() -> None:
    words = Words.of(["Calm at first, angry from second 4.", "somebody is calm"])
    assert words.text(words.numbers("Calm at first, angry from second 4.")[:-1]) == "calm at first, angry from second 4"
    assert words.numbers("calm zebra") == words.numbers("calm")
    assert int(words.of_feeling.sum()) == 2


def test_a_captioner_is_written_and_opened_again(tmp_path: Path, clips: list[CaptionClip]) -> None:
    task = fresh(clips)
    write_captioner(tmp_path, task)
    net, words = open_captioner(tmp_path)
    assert isinstance(net, CaptionNet) and words == task.words
    motions = [clip.motion for clip in clips]
    assert captions_of(net, words, motions) == captions_of(task.net.eval(), words, motions)


def test_a_run_by_its_recipe(tmp_path: Path) -> None:
    net, words = open_captioner(train_by(TINY, [], tmp_path / "run"))
    assert len(words.known) == net.says.out_features


def test_data_and_recipes_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="clips to caption are drawn"):
        train_by(CAPTION_SMALL, [tmp_path], tmp_path / "run")
    with pytest.raises(ConfigError, match="1 or more"):
        CaptionRecipe(clips=0)
    with pytest.raises(ConfigError, match="multiple of 10"):
        CaptionSizes(feeling=33)
