"""`conversation:TURNS`: feelings with reasons turn by turn, whatever is missing, and the decoder that is off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conversations import DIALOGUE, NOBODY, tiny_network, voice
from speech_like import speechlike

from dicetalk.conversation.decoder import Decoder
from dicetalk.emotion.fine import FINE
from dicetalk.emotion.moments import Moment, draw_up
from dicetalk.emotion.vocabulary import HEARD, NAMES
from dicetalk.errors import EmotionError, InputError
from dicetalk.sources.conversation import Conversation, ConversationSource, agreed, feel_conversation, shares_read
from dicetalk.sources.scheme import source_of
from dicetalk.speech import Hearing
from dicetalk.words.encoder import Reading

MOMENTS = [
    Moment(2.0 * number, 2.0 * number + 1.5, line.speaker, line.text, speechlike(1.5, seed=number))
    for number, line in enumerate(DIALOGUE)
]


class Unmoved:
    """An encoder that finds the same in everything."""

    def read(self, texts: Sequence[str]) -> list[Reading]:
        fine, weights = np.full(len(FINE), 1 / len(FINE)), np.full(len(NAMES), 1 / len(NAMES))
        return [Reading(fine, weights, 0.5, 0.5, (), np.zeros(0), 1.0) for _ in texts]


def test_words_and_voice_agree_where_they_are_there() -> None:
    shares = np.full((3, 7), 1 / 7, np.float32)
    read = np.array([voice("sad")[0], np.full(7, np.nan), voice("happy")[0]], np.float32)
    found = agreed(shares, read, [NOBODY, voice("fear"), voice("happy")])
    assert [HEARD[state] for state in found.argmax(1)] == ["sad", "fear", "happy"]
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-6)


def test_no_words_are_read_as_nothing() -> None:
    texts = ["hello", "", " - "]
    read = shares_read(Unmoved().read(texts), texts)
    assert np.isnan(read[1:]).all()
    assert read[0].sum() == pytest.approx(1)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> ConversationSource:
    return ConversationSource(tiny_network(tmp_path_factory.mktemp("tiny")), Unmoved())


def test_each_turn_gets_a_feeling_with_a_reason(source: ConversationSource) -> None:
    feelings = source.feel_each(MOMENTS)
    assert len(feelings) == len(MOMENTS)
    assert all(0 < feeling.confidence <= 1 for feeling in feelings)
    assert all("gate 0." in feeling.why or "nothing speaks for more" in feeling.why for feeling in feelings)


def test_no_turn_no_feeling(source: ConversationSource) -> None:
    assert source.feel_each([]) == []


@pytest.mark.parametrize("missing", [{"text": ""}, {"sound": None}, {"text": "", "sound": None}])
def test_what_is_missing_is_done_without(source: ConversationSource, missing: dict[str, object]) -> None:
    feelings = source.feel_each([replace(moment, **missing) for moment in MOMENTS])  # type: ignore[arg-type]
    assert len(feelings) == len(MOMENTS)
    if len(missing) == 2:
        assert all("neither words nor a voice" in feeling.why for feeling in feelings)


def test_one_speaker_alone_is_told(source: ConversationSource) -> None:
    moments = [replace(moment, speaker="anna") for moment in MOMENTS]
    assert draw_up(moments, source.feel_each(moments)).keys


def test_the_decoder_holds_speakers_to_what_they_felt(source: ConversationSource) -> None:
    moments = [replace(moment, speaker="anna") for moment in MOMENTS]
    held = replace(source, decoder=Decoder(change=1e-12)).feel_each(moments)
    named = [max(feeling.strengths, default="neutral", key=feeling.strengths.__getitem__) for feeling in held]
    assert len(set(named)) == 1


CSV = "start,end,speaker,text\n0,1.5,anna,How wonderful!\n2,3.5,ben,Leave me alone.\n"


def test_a_conversation_drives_one_of_its_speakers(tmp_path: Path) -> None:
    path = tmp_path / "turns.csv"
    path.write_text(CSV)
    source = source_of(f"conversation:{path}#ben")
    assert source.files == (path,)
    timeline = source.feel(Hearing(speechlike(4)))
    assert [time for time, _ in timeline.keys[:2]] == [0.0, 2.0]
    assert not timeline.keys[0][1].strengths


@pytest.mark.parametrize(("speaker", "line"), [("", "no speaker is named"), ("#carl", "nobody called 'carl' speaks")])
def test_who_is_meant_must_be_told(tmp_path: Path, speaker: str, line: str) -> None:
    path = tmp_path / "turns.csv"
    path.write_text(CSV)
    with pytest.raises(EmotionError, match=f"{line}.* anna, ben"):
        source_of(f"conversation:{path}{speaker}").feel(Hearing(np.zeros(64_000, np.int16)))


def test_no_turns_are_told_at_once() -> None:
    with pytest.raises(EmotionError, match="names no turns"):
        source_of("conversation:")


def test_times_alone_are_not_enough(tmp_path: Path) -> None:
    path = tmp_path / "turns.csv"
    path.write_text("start,end,speaker\n0,1.5,anna\n")
    with pytest.raises(InputError, match="tells times alone"):
        feel_conversation(path)


def test_the_course_of_both_is_told(tmp_path: Path) -> None:
    path = tmp_path / "turns.csv"
    path.write_text(CSV)
    course = feel_conversation(path, decoder=True)
    assert course.speakers == ("anna", "ben")
    assert course.lacks == "no sound of any turn"
    assert "decoder" in course.warnings[0]


def test_another_language_is_told_by_its_voice_alone(tmp_path: Path) -> None:
    path = tmp_path / "turns.csv"
    path.write_text("start,end,speaker,text\n0,2,anna,Minulla on kova ikävä äitiäni.\n2,3,ben,How wonderful!\n")
    course = feel_conversation(path)
    assert course.warnings == ("1 of the turns are hardly English, on which the feelings were learned; "
                               "their words do not count",)  # fmt: skip
    assert "neither words nor a voice" in course.feelings[0].why


def test_a_live_clip_says_that_it_cannot_hear_ahead(tmp_path: Path) -> None:
    assert Conversation(tmp_path / "turns.csv").listens
