"""What every backbone promises, by one test for all: a fake of a few lines, a page's example, rules, a tiny svd."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeGuard

import extending_page
import fake_backbone
import numpy as np
import pytest
from places import ROOT
from spaces import felt, prior, space

from dicetalk.backbone import KINDS, Backbone, Conditions, Kind, Live, Moves, Sitting, Step, load_backbone
from dicetalk.emotion.road import EmotionTrack, track
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.media import Picture, read_picture, read_sound
from dicetalk.portrait.framing import face_of, framed
from dicetalk.speech import Hearing

FRAMES = 30
TIMES = (np.arange(FRAMES) + 0.5) / 25


GUESTS = {"fake": fake_backbone.KIND, "fade": extending_page.KIND}
"""Rows that are in the table for as long as they are looked at."""


SLOW = {"svd": pytest.mark.slow}


@pytest.fixture(scope="module", params=[pytest.param(name, marks=SLOW.get(name, ())) for name in (*GUESTS, *KINDS)])
def kind(request: pytest.FixtureRequest) -> Iterator[str]:
    """Its name."""
    name: str = request.param
    with pytest.MonkeyPatch.context() as patch:
        if name in GUESTS:
            patch.setitem(KINDS, name, GUESTS[name])
        for package in KINDS[name].packages:
            if find_spec(package) is None:
                pytest.skip(f"needs {package}, which `make develop` installs")
        yield name


def small_svd(folder: Path) -> Backbone:
    from dicetalk.svd.options import SvdOptions

    options = SvdOptions(preset="fast", steps=2, short_side=64, device="cpu")
    return load_backbone(folder, options)


TINY: dict[str, tuple[str, Callable[[Path], Backbone]]] = {"svd": ("tiny_svd", small_svd)}
"""The fixture of a small one's folder, and what opens that; a kind that is not told is small as it is."""


@pytest.fixture(scope="module")
def backbone(kind: str, request: pytest.FixtureRequest) -> Backbone:
    if kind not in TINY:
        return load_backbone(kind)
    fixture, opened = TINY[kind]
    return opened(request.getfixturevalue(fixture))


@pytest.fixture(scope="module")
def conditions(hopper: Path, speech: Path) -> Conditions:
    """A happy second of speech of a small portrait."""
    picture = read_picture(hopper)
    portrait, face = framed(picture, face_of(picture, None), 96, crop=True)
    hearing = Hearing(read_sound(speech).waveform)
    return Conditions(portrait, face, hearing, track(Timeline([(0.0, "happy:0.7")]), TIMES), 0)


def drawn(backbone: Backbone, conditions: Conditions) -> Picture:
    return np.concatenate(list(backbone.generate(conditions)))


@pytest.fixture(scope="module")
def frames(backbone: Backbone, conditions: Conditions) -> Picture:
    return drawn(backbone, conditions)


def test_it_says_what_it_is(backbone: Backbone, kind: str) -> None:
    assert backbone.kind == kind and kind in KINDS
    assert backbone.fps == 25


def test_one_frame_per_40_ms_in_chunks(backbone: Backbone, conditions: Conditions) -> None:
    stream = backbone.generate(conditions)
    assert isinstance(stream, Iterator)
    chunks = list(stream)
    assert len(chunks) > 1  # all can stream
    height, width = conditions.portrait.shape[:2]
    for chunk in chunks:
        assert chunk.dtype == np.uint8 and chunk.ndim == 4 and chunk.shape[1:] == (height, width, 3) and len(chunk) > 0
    assert sum(map(len, chunks)) == FRAMES == len(conditions.speech)


def test_the_same_seed_gives_the_same_frames(backbone: Backbone, conditions: Conditions, frames: Picture) -> None:
    portrait = conditions.portrait.copy()
    np.testing.assert_array_equal(drawn(backbone, conditions), frames)
    assert (drawn(backbone, replace(conditions, seed=1)) != frames).any()
    np.testing.assert_array_equal(conditions.portrait, portrait)


STEPS = {"fake": 2, "rules": 0, "motion": 0, "svd": 2}
"""How many are told by kinds of which that is known; some draw at once."""


def test_every_rate_that_it_says(backbone: Backbone, kind: str, conditions: Conditions, frames: Picture) -> None:
    for fps in KINDS[kind].rates:
        wanted = replace(conditions, fps=fps)
        assert len(drawn(backbone, wanted)) == wanted.frames == -(-FRAMES * fps // 25)
    assert 25 in KINDS[kind].rates


def test_whoever_watches_is_told_of_every_step(backbone: Backbone, conditions: Conditions, frames: Picture) -> None:
    told: list[tuple[int, int]] = []

    def watch(step: Step) -> None:
        told.append((step.done, step.total))
        preview = step.preview()
        assert isinstance(preview, np.ndarray) and preview.dtype == np.uint8
        assert preview.ndim == 4 and preview.shape[3] == 3

    stream = backbone.generate(conditions, watch)
    first = next(stream)
    before = list(told)
    np.testing.assert_array_equal(np.concatenate([first, *stream]), frames)  # being watched changes nothing
    assert told == before  # steps come before the first frame
    assert told == [(done, len(told)) for done in range(1, len(told) + 1)]
    assert len(told) == STEPS.get(backbone.kind, len(told))


def test_the_emotion_is_seen(backbone: Backbone, conditions: Conditions, frames: Picture) -> None:
    calm = replace(conditions, emotion=track(Timeline([(0.0, "neutral")]), TIMES))
    assert (drawn(backbone, calm) != frames).any()


def test_a_longer_vocabulary_is_projected_by_name(backbone: Backbone, conditions: Conditions, frames: Picture) -> None:
    weights = np.zeros((FRAMES, 10), np.float32)
    names = ("neutral", "proud", *reversed(NAMES[1:]), "tender")
    weights[:, 0], weights[:, names.index("happy")] = 0.3, 0.7
    np.testing.assert_array_equal(drawn(backbone, replace(conditions, emotion=EmotionTrack(weights, names))), frames)
    weights[:, 0], weights[:, names.index("proud")] = 0.1, 0.2  # which counts as neutral where nobody knows it
    np.testing.assert_allclose(
        drawn(backbone, replace(conditions, emotion=EmotionTrack(weights, names))).astype(int), frames, atol=1
    )  # 0.1 + 0.2 rounds otherwise than 0.3


def test_foreign_priors_are_taken_by_their_names(backbone: Backbone, conditions: Conditions, frames: Picture) -> None:
    foreign = track(Timeline([(0.0, felt(prior(9, 9, 9, 9), space("nobody's"), happy=0.7))]), TIMES)
    assert foreign.priors is not None
    np.testing.assert_array_equal(drawn(backbone, replace(conditions, emotion=foreign)), frames)


def test_who_moves_gives_the_motion_of_every_frame(backbone: Backbone, kind: str, conditions: Conditions) -> None:
    assert isinstance(backbone, Moves) == KINDS[kind].moves
    if isinstance(backbone, Moves):
        stretches = list(backbone.act(conditions))
        assert sum(map(len, stretches)) == FRAMES
        assert all(motion.shapes.shape == (len(motion), 52) for motion in stretches)


def test_who_speaks_live_shows_the_same(backbone: Backbone, conditions: Conditions, frames: Picture) -> None:
    if isinstance(backbone, Live):
        felt = conditions.emotion.within
        speaking = backbone.speak(Sitting(portrait=conditions.portrait, face=conditions.face, felt=felt, seed=0))
        made: list[Picture] = []
        for part in np.array_split(conditions.speech.waveform, 9):
            speaking.hear(part)
            made += speaking.frames()
        speaking.finish()
        assert made and backbone.behind <= 0.4
        np.testing.assert_array_equal(np.concatenate([*made, *speaking.frames()]), frames)


def test_a_frame_that_is_left_out_changes_no_other(backbone: Backbone, conditions: Conditions, frames: Picture) -> None:
    if isinstance(backbone, Live):
        asked: list[int] = []

        def every_third(frame: int) -> bool:
            asked.append(frame)
            return frame % 3 == 0

        felt = conditions.emotion.within
        speaking = backbone.speak(
            Sitting(portrait=conditions.portrait, face=conditions.face, felt=felt, seed=0, wanted=every_third)
        )
        speaking.hear(conditions.speech.waveform)
        speaking.finish()
        made = list(speaking.frames())
        assert asked == list(range(FRAMES)) and [len(some) for some in made] == [n % 3 == 0 for n in range(FRAMES)]
        np.testing.assert_array_equal(np.concatenate(made), frames[::3])


def test_the_fake_is_of_a_few_lines() -> None:
    """It shows how little is needed."""
    text = Path(fake_backbone.__file__).read_text(encoding="utf-8")
    body = text[text.index("class FakeBackbone") :].splitlines()
    assert len([line for line in body if line.strip()]) <= 15
    assert Kind(loads="fake_backbone:load_fake") == fake_backbone.KIND


EXCEPTED = ("backbone.py", "acting/backbone.py", "diffusion/", "cli/svd_options.py", "svd/")
"""The table, the backbones themselves, and the section of the help that tells svd's options."""


def asked(text: str) -> list[int]:
    """The lines of a file that say a backbone's name or class.

    `require(package, "svd")` names an extra, and a key of `RECIPES` a recipe.
    """
    tree = ast.parse(text)
    recipes = {id(key) for node in ast.walk(tree) if is_recipes(node) for key in node.value.keys}
    extras = {id(node.args[-1]) for node in ast.walk(tree) if isinstance(node, ast.Call) and called(node) == "require"}
    compared = {id(side) for node in ast.walk(tree) if isinstance(node, ast.Compare) for side in ast.walk(node)}
    names = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in KINDS and (node.value not in WORDS or id(node) in compared)
    ]
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in CLASSES]
    return [node.lineno for node in (*names, *classes) if id(node) not in extras | recipes]


def is_recipes(node: ast.AST) -> TypeGuard[Any]:
    """Whether a node is the table of recipes."""
    is_table = isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)
    return is_table and ast.unparse(node).startswith("RECIPES:")


def called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


CLASSES = ("RulesBackbone", "MotionBackbone", "SvdBackbone", "FakeBackbone")
WORDS = ("motion",)
"""Names of backbones that are words for other things as well: they ask where something is compared with them."""
SOURCES = ROOT / "src" / "dicetalk"


@pytest.mark.parametrize("file", sorted(SOURCES.rglob("*.py")), ids=lambda file: file.relative_to(SOURCES).as_posix())
def test_nobody_asks_for_a_backbones_name_or_class(file: Path) -> None:
    if not file.relative_to(SOURCES).as_posix().startswith(EXCEPTED):
        assert asked(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line", ['found = name == "svd"', "found = 'rules' in names", "isinstance(video.backbone, RulesBackbone)"]
)
def test_asking_is_seen_to_bite(line: str) -> None:
    assert asked(line) == [1]
    assert asked('"""The svd backbone, or "svd"."""\nrequire("torch", "svd")\nisinstance(backbone, Moves)') == []
