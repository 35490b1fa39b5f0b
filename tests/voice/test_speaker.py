"""The same words in another feeling."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from voices_made import buzz

from dicetalk.emotion.timeline import Timeline
from dicetalk.media import Sound, Waveform, read_sound
from dicetalk.media.written_sound import write_sound
from dicetalk.voice.manners import MOST
from dicetalk.voice.search import TRIES
from dicetalk.voice.speaker import Said, Strengths, busiest, speak
from dicetalk.voice.strength import VoiceStrength
from dicetalk.voice.world import RATE, pitch_of


class HearsPitch:
    """A ranker of a few lines: the higher a voice, the stronger whatever it feels."""

    def __init__(self) -> None:
        self.asked = 0

    def of(self, sound: Waveform) -> Mapping[str, float]:
        self.asked += 1
        samples = np.repeat(sound / 32768, 3)[::2].astype(np.float64)  # roughly, from 16 to 24 kHz
        pitch = pitch_of(np.ascontiguousarray(samples))
        height = float(np.clip(np.log(np.median(pitch[pitch > 0]) / 140) * 2, 0, 1))
        return dict.fromkeys(("angry", "happy", "sad", "fear", "surprised", "disgusted"), height)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    path = tmp_path_factory.mktemp("voice") / "buzz.wav"
    return read_sound(write_sound(path, buzz(), RATE))


def test_it_is_moved_until_it_is_heard(sound: Sound) -> None:
    ranker = HearsPitch()
    said = speak(sound, Timeline([(0.0, "angry:0.6")]), ranker)
    (change,) = said.changes
    assert change.emotion == "angry" and change.asked == pytest.approx(0.6)
    assert change.before < 0.15 and change.heard == pytest.approx(0.6, abs=0.06) and 0 < change.amount <= MOST
    assert len(said.samples) / RATE == pytest.approx(said.tempo.seconds, abs=1e-6) and ranker.asked <= 1 + TRIES


def test_it_says_that_it_was_changed(sound: Sound) -> None:
    said = speak(sound, Timeline([(0.0, "angry:0.5,contempt:0.3")]), HearsPitch())
    unknown, changed = said.warnings
    assert "no voice of contempt was learned from" in unknown
    assert changed.startswith("the voice was changed: angry 0.50, heard") and "instead of 2.0" in changed
    assert said.comment.startswith("voice changed by DiceTalk ") and said.comment.endswith(": angry 0.50")
    assert said.to_json()["changes"][0]["emotion"] == "angry" and said.to_json()["seconds_before"] == 2.0


def same(said: Said, sound: Sound) -> bool:
    return len(said.samples) == round(sound.seconds * RATE) and not any(change.amount for change in said.changes)


@pytest.mark.parametrize("emotion", ["neutral", "contempt:1", "happy:0", "angry:0.01"])
def test_nothing_to_move_towards_leaves_it_as_it_is(emotion: str, sound: Sound) -> None:
    said = speak(sound, Timeline([(0.0, emotion)]), HearsPitch())
    assert same(said, sound) and said.comment == "" and said.warnings[-1] == "the voice was left as it is"


def test_a_voice_that_feels_so_already_is_left_alone(sound: Sound) -> None:
    class HearsAll(HearsPitch):
        def of(self, sound: Waveform) -> Mapping[str, float]:
            return dict.fromkeys(("angry",), 0.95)

    said = speak(sound, Timeline([(0.0, "angry:0.7")]), HearsAll())
    assert same(said, sound) and said.changes[0].before == 0.95


def test_it_follows_a_timeline(sound: Sound) -> None:
    said = speak(sound, Timeline([(0.0, "neutral"), (1.3, "angry:0.8")], fade=0.3), HearsPitch())
    pitch = pitch_of(said.samples)
    middle = round(float(said.tempo.to(1.05)) * 200)
    before, after = (np.median(part[part > 0]) for part in (pitch[: middle - 20], pitch[middle + 40 :]))
    assert after > 1.15 * before and before == pytest.approx(140, rel=0.05)


def test_cuts_become_fades() -> None:
    strengths = Strengths(Timeline([(0.0, "neutral"), (1.0, "angry:1")], fade=0))
    risen = strengths.at(np.arange(0, 2, 0.01))[:, 0]
    assert np.diff(risen).max() < 0.06
    assert strengths.most(0.5)["angry"] == 0 and strengths.most(2.0)["angry"] == 1


def test_a_part_is_listened_to() -> None:
    samples = np.zeros(20 * RATE)
    samples[12 * RATE : 14 * RATE] = 1
    number, part = busiest([samples[: 2 * RATE], samples])
    assert number == 1 and part.stop - part.start == 8 * RATE and samples[part].sum() == 2 * RATE
    assert busiest([samples[: 3 * RATE]]) == (0, slice(0, 3 * RATE))


def test_the_ranker_that_ships(sound: Sound) -> None:
    said = speak(sound, Timeline([(0.0, "angry:0.8")]), VoiceStrength.load())
    assert 0 <= said.changes[0].before <= 1 and np.isfinite(said.samples).all()


def test_what_is_out_of_reach_is_told(sound: Sound) -> None:
    class HearsNothing(HearsPitch):
        def of(self, sound: Waveform) -> Mapping[str, float]:
            return dict.fromkeys(("sad",), 0.3)

    said = speak(sound, Timeline([(0.0, "sad:0.9")]), HearsNothing())
    assert said.warnings[0].startswith("the voice cannot be made sad as strongly as was asked")


def test_noise_has_no_voice(tmp_path: Path) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(RATE // 2)
    hiss = read_sound(write_sound(tmp_path / "hiss.wav", noise, RATE))
    said = speak(hiss, Timeline([(0.0, "sad:0.9")]), VoiceStrength.load())
    assert same(said, hiss) and said.warnings[0].startswith("no voice is heard in the recording")
