"""A video while its speech is spoken: live as at once; sound that stalls, jumps or is none; no thread is left."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dicetalk
from dicetalk.arrays import Picture, Waveform
from dicetalk.backbone import KINDS, Kind, Sitting, Wanted, every
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import ConfigError, EmotionError, InputError
from dicetalk.live import LiveVideo, patience_of, sounds_of
from dicetalk.media import Sound, read_sound
from dicetalk.media.portions import Portion, Portions
from dicetalk.rates import SAMPLES_PER_FRAME
from dicetalk.sources.changing import Feelings


class Counting:
    """Makes a frame of one pixel as soon as the sound of the next nine is there; it shows how happy it is, 0 to 200."""

    behind = 0.36

    def __init__(self, felt: Feelings) -> None:
        self.felt, self.samples, self.made, self.ended = felt, 0, 0, False
        self.wanted: Wanted = every

    def hear(self, sound: Waveform) -> None:
        self.samples += len(sound)

    def finish(self) -> None:
        self.ended = True

    def frames(self) -> Iterator[Picture]:
        while self.made < (-(-self.samples // 640) if self.ended else self.samples // 640 - 8):
            shade = self.felt(self.made, 1).weights[0, 5] * 200
            is_wanted, self.made = self.wanted(self.made), self.made + 1
            yield np.full((int(is_wanted), 1, 1, 3), shade, np.uint8)


NOBODY: Any = None
"""Who sits is not looked at."""


def video(
    sounds: Iterable[Portion] | None = None, patience: float | None = None, emotion: Any = "neutral"
) -> LiveVideo:
    feelings = Feelings(emotion, fade=0)
    sitting = Sitting(portrait=np.zeros((1, 1, 3), np.uint8), face=NOBODY, felt=feelings, seed=0)
    return LiveVideo(sitting, Counting(feelings), feelings, Portions(), sounds, patience, 0.36)


def silence(frames: int) -> Waveform:
    return np.zeros(frames * SAMPLES_PER_FRAME, np.int16)


def count(frames: Iterable[Picture]) -> int:
    return sum(map(len, frames))


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:  # loading a backbone goes on beside what follows
        thread.join(5)
    assert set(threading.enumerate()) <= before  # one that was loading may have ended


def test_all_frames_of_what_comes() -> None:
    some = video(silence(3) for _ in range(20))
    assert count(some) == some.frames == 60
    assert count(some) == 0 and (some.width, some.height, some.fps) == (1, 1, 25)


def test_frames_come_before_the_next_sound_is_waited_for() -> None:
    taken: list[int] = []

    def microphone() -> Iterator[Portion]:
        for number in range(20):
            taken.append(number)
            yield silence(1)

    some = video(microphone())
    for made, _ in enumerate(some, 1):
        assert (made <= 12 and len(taken) == made + 8) or len(taken) == 20


def test_sound_that_is_handed_on() -> None:
    some = video()
    assert [count(some.hear(silence(4))) for _ in range(5)] == [0, 0, 4, 4, 4]
    assert count(some.finish()) == 8 and count(some.finish()) == 0
    with pytest.raises(InputError, match="finished"):
        some.hear(silence(1))


def test_frames_that_nobody_took_are_not_lost() -> None:
    some = video()
    some.hear(silence(12))
    next(some.hear(silence(2)))
    assert some.frames == 1
    assert count(some.hear(silence(1))) == 6 and count(some.finish()) == 8


def test_frames_that_are_left_out_are_counted() -> None:
    some = video()
    assert isinstance(some.speaking, Counting)
    some.speaking.wanted = lambda frame: frame % 4 == 0
    assert [len(frames) for frames in some.hear(silence(16))] == [1, 0, 0, 0, 1, 0, 0, 0]
    assert some.frames == 8 and count(some.finish()) == 2 and some.frames == 16


def test_a_burst_is_made_frame_by_frame() -> None:
    some = video(emotion="neutral")
    frames = some.hear(silence(250))
    next(frames)
    some.emotion = "happy:1"  # in the middle of it
    assert int(next(frames).max()) == 200
    assert count(frames) == 240 and count(some.finish()) == 8


def test_an_emotion_that_changes_on_the_way() -> None:
    some = video(silence(2) for _ in range(20))
    shades = []
    for frames in some:
        shades.append(int(frames.max()))
        some.emotion = "happy:0.5" if some.frames >= 10 else "neutral"
    assert shades == [0] * 10 + [100] * 30 and some.emotion == "happy:0.5"
    with pytest.raises(EmotionError):
        some.emotion = "hapy"
    assert some.emotion == "happy:0.5"


def test_another_emotion_is_seen_within_half_a_second() -> None:
    """From the moment at which it is set; half of it is there by then."""
    feelings = Feelings("neutral")
    sitting = Sitting(portrait=np.zeros((1, 1, 3), np.uint8), face=NOBODY, felt=feelings, seed=0)
    some = LiveVideo(sitting, Counting(feelings), feelings, Portions(), None, None, 0.36)
    shades = []
    for portion in range(100):
        if portion == 50:
            some.emotion = "happy:1"
        shades += [(portion, int(frames.max())) for frames in some.hear(silence(1))]
    assert all(shade == 0 for portion, shade in shades if portion < 50)
    assert min(portion for portion, shade in shades if shade > 100) <= 50 + 0.5 * 25


class Clock:
    """Time that passes only while somebody waits for the next of (when [s], how much [frames])."""

    def __init__(self, items: Iterator[Any], grace: float) -> None:
        self.items, self.next = items, next(items, None)

    now = 0.0

    def take(self, seconds: float) -> Portion:
        if self.next is None:
            raise StopIteration
        when, frames = self.next
        if Clock.now + seconds < when:
            Clock.now += seconds
            raise TimeoutError
        Clock.now, self.next = max(Clock.now, when), next(self.items, None)
        return silence(frames)

    def __enter__(self) -> Clock:
        return self

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicetalk.live.Ahead", Clock)
    monkeypatch.setattr("dicetalk.live.time.monotonic", lambda: Clock.now)
    Clock.now = 0.0


def shown(some: LiveVideo) -> list[float]:
    """When each frame comes."""
    return [Clock.now for _ in some]


def stalling(*events: tuple[float, int]) -> Any:
    return list(events)


def test_silence_stands_for_sound_that_does_not_come(clock: None) -> None:
    """Frames go on, and the clip keeps step with the clock, however often that happens."""
    events = [(0.08 * part + 2 * (part // 10), 2) for part in range(1, 50)]
    some = video(stalling(*events), patience=0.2)
    came = shown(some)
    assert some.frames == len(came) and some.filled == pytest.approx(8, abs=0.2)
    begun = np.arange(len(came)) / 25
    late = (np.array(came) - begun)[:-8]
    assert late.min() > 0.3 and late.max() < 0.36 + 0.2 + 0.05
    assert some.frames / 25 == pytest.approx(events[-1][0], abs=0.1)


def test_a_face_that_nobody_speaks_to_yet(clock: None) -> None:
    came = shown(video(stalling((10.0, 2)), patience=0.2))
    assert len(came) == pytest.approx(252, abs=3) and np.diff(came[:-10]).max() < 0.1


def test_sound_that_is_in_time_stays_as_it_is(clock: None) -> None:
    some = video(stalling(*((0.08 * part, 2) for part in range(1, 100))), patience=0.1)
    assert len(shown(some)) == 198 and some.filled == 0


def test_a_burst_is_no_reason_for_silence(clock: None) -> None:
    """10 s at once are shown before any silence is missing; sound that is late comes behind the silence."""
    some = video(stalling((0.1, 250), (9.0, 2), (10.2, 2)), patience=0.2)
    assert len(shown(some)) == 254 and some.filled == 0


def test_who_waits_fills_nothing_in() -> None:
    some = video([silence(2)] * 3)
    assert count(some) == 6 and some.filled == 0


@pytest.mark.parametrize("sounds", [b"1234", np.zeros(100, np.int16), "speech.wav", 7, Path("a.wav"), {"a": 1}])
def test_what_gives_no_portions(sounds: Any) -> None:
    with pytest.raises(InputError, match="the sounds are"):
        sounds_of(sounds)


@pytest.mark.parametrize("patience", [None, 0.2])
def test_closing_ends_all(patience: float | None) -> None:
    closed = threading.Event()

    def microphone() -> Iterator[Portion]:
        try:
            while True:
                yield silence(2)
        finally:
            closed.set()

    with video(microphone(), patience) as some:
        for _ in some:
            if some.frames >= 20:
                break
    assert closed.is_set() and count(some) == 0


def test_a_sound_that_never_comes_does_not_keep_the_program() -> None:
    never = threading.Event()

    def microphone() -> Iterator[Portion]:
        yield silence(20)
        never.wait(30)

    some = video(microphone(), patience=0.1)
    for _ in some:
        if some.filled:
            break
    some.close()
    never.set()
    for thread in set(threading.enumerate()) - {threading.main_thread()}:
        if thread.daemon:
            thread.join(5)


@pytest.mark.parametrize("patience", [None, 0.2])
@pytest.mark.parametrize(
    "bad", [np.array([np.nan]), np.zeros((4, 2), np.float32), np.zeros(3, np.int32), "sound", None]
)
def test_what_is_no_sound(bad: Any, patience: float | None) -> None:
    some = video(iter([silence(30), bad]), patience)
    made = 0
    with pytest.raises(InputError, match="the sound"):
        for frames in some:
            made += len(frames)
    assert made == 22 and count(some) == 0


def test_a_microphone_that_breaks() -> None:
    def microphone() -> Iterator[Portion]:
        yield silence(30)
        raise OSError("unplugged")

    for patience in (None, 0.2):
        with pytest.raises(OSError, match="unplugged"):
            count(video(microphone(), patience))


def test_nothing_to_listen_to() -> None:
    with pytest.raises(InputError, match="no sound to listen to"):
        next(video())
    assert count(video([])) == 0


@pytest.mark.parametrize("patience", [0, -1, 0.01, 100, float("nan"), "1", True])
def test_what_is_no_patience(patience: Any) -> None:
    with pytest.raises(InputError, match="patience is"):
        patience_of(patience)


def test_a_backbone_that_hears_everything_first(hopper: Path) -> None:
    with pytest.raises(ConfigError, match="the rules backbone hears all of the speech first"):
        dicetalk.load().live(hopper, [])


@pytest.fixture(scope="module")
def talk(tiny_motion: Path) -> Iterator[dicetalk.DiceTalk]:
    from dicetalk.diffusion.backbone import load_motion

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, "motion", Kind(loads="dicetalk.diffusion.backbone:load_motion", moves=True))
        yield dicetalk.DiceTalk(load_motion(tiny_motion))


@pytest.fixture(scope="module")
def sound(speech: Path) -> Sound:
    return read_sound(speech)


@pytest.mark.slow
def test_live_as_at_once(talk: dicetalk.DiceTalk, hopper: Path, sound: Sound) -> None:
    options: dict[str, Any] = {
        "emotion": "happy:0.7",
        "seed": 3,
        "size": 96,
        "crop": True,
        "head": 0.5,
        "gaze": "camera",
    }
    whole = np.concatenate(list(talk(hopper, sound, **options).stream()))
    portions = [part.tobytes() if len(part) % 3 else part / 32768 for part in np.array_split(sound.waveform, 13)]
    live = talk.live(hopper, portions, **options)
    np.testing.assert_array_equal(np.concatenate(list(live)), whole)
    assert live.warnings == () and (live.height, live.width) == whole.shape[1:3]


def test_silence_is_a_living_silent_face(talk: dicetalk.DiceTalk, hopper: Path) -> None:
    live = talk.live(hopper, [silence(10)] * 2, size=96, crop=True)
    frames = np.concatenate(list(live))
    assert len(frames) == 20 and (frames[1:] != frames[:-1]).any()


def test_doubts_about_what_is_felt_now_are_told(talk: dicetalk.DiceTalk, hopper: Path) -> None:
    live = talk.live(hopper, emotion="happy:0.3", as_strong_as=0.7, size=96)
    assert not live.warnings
    live.emotion = "surprised:0.2"
    assert [*live.warnings] == [*live.feelings.warnings] and "no audience was asked" in live.warnings[0]
    live.seen = ("the face is small", live.warnings[0])
    assert len(live.warnings) == 2 and live.warnings[0] == "the face is small"


def test_an_emotion_is_raised_until_it_is_named(talk: dicetalk.DiceTalk, hopper: Path) -> None:
    weak, strong = (
        talk.live(hopper, [], emotion="angry:0.3", as_strong_as=share, size=96).feelings(0, 1).weights[0]
        for share in (None, 0.7)
    )
    assert strong[NAMES.index("angry")] > 0.7 > weak[NAMES.index("angry")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"wanted": 3},
        {"seed": -1},
        {"size": 7},
        {"emotion": "auto"},
        {"rate": 3},
        {"patience": 0},
        {"fade": -1},
        {"head": 2},
        {"as_strong_as": 7},
    ],
)
def test_what_cannot_be_asked_for(talk: dicetalk.DiceTalk, hopper: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        talk.live(hopper, [], **wrong)
