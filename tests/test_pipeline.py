"""End to end on real portraits: what is asked for comes out, and the same again for the same seed."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.io import wavfile

import dicetalk
from dicetalk.acting.backbone import RulesBackbone
from dicetalk.media import Picture, Sound, VideoWriter, Waveform, probe, read_picture, read_sound, read_video
from dicetalk.motion.live_link import read_csv
from dicetalk.motion.space import Motion, concatenate
from dicetalk.rates import SPEECH_RATE

FRAMES = 30


@pytest.fixture(scope="module")
def talk() -> dicetalk.DiceTalk:
    return dicetalk.load()


def drawn(video: dicetalk.Video) -> Picture:
    return np.concatenate(list(video.stream()))


@pytest.fixture(scope="module")
def happy(talk: dicetalk.DiceTalk, hopper: Path, speech: Path) -> dicetalk.Video:
    return talk(hopper, speech, emotion="happy", size=256)


@pytest.fixture(scope="module")
def happy_frames(happy: dicetalk.Video) -> Picture:
    return drawn(happy)


def test_a_video_says_what_it_will_be(happy: dicetalk.Video) -> None:
    assert (happy.frames, happy.fps, happy.seconds) == (FRAMES, 25, 1.2)
    assert (happy.width, happy.height) == (218, 256)
    assert str(happy.heard.keys[0][1]) == "happy:0.8" and happy.heard.lacks == ""


def test_frames_come_in_chunks_of_the_promised_size(happy: dicetalk.Video) -> None:
    chunks = list(happy.stream())
    assert len(chunks) > 1
    assert all(chunk.dtype == np.uint8 and chunk.shape[1:] == (256, 218, 3) for chunk in chunks)
    assert sum(map(len, chunks)) == FRAMES


def test_the_file_holds_what_the_stream_holds(
    happy: dicetalk.Video, happy_frames: Picture, speech: Path, tmp_path: Path
) -> None:
    told = []
    path = happy.save(tmp_path / "out.mp4", progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (FRAMES, FRAMES) and [done for done, _ in told] == sorted(done for done, _ in told)
    written = list(read_video(path))
    assert len(written) == len(happy_frames) == FRAMES
    differences = [np.abs(a.astype(int) - b.astype(int)).mean() for a, b in zip(written, happy_frames, strict=True)]
    assert max(differences) < 4  # of 255: what the codec costs
    video, sound = probe(path)
    assert video and sound
    assert abs(video.seconds - read_sound(speech).seconds) <= 1 / 25
    assert abs(sound.seconds - video.seconds) < 0.05


def test_she_speaks_and_the_room_stands_still(happy_frames: Picture, happy: dicetalk.Video) -> None:
    left, top, right, bottom = happy.conditions.face.box
    moved = happy_frames.astype(int).std(axis=0).mean(axis=2)
    mouth = moved[(top + bottom) // 2 : bottom, left:right]
    assert mouth.mean() > 3
    assert moved[:, -12:].max() < 1 and moved[-40:].max() < 1  # grey levels: the wall, the jacket


def test_the_same_seed_is_the_same_video(
    talk: dicetalk.DiceTalk, hopper: Path, speech: Path, happy_frames: Picture
) -> None:
    again = drawn(talk(hopper, speech, emotion="happy", size=256, seed=0))
    assert np.array_equal(again, happy_frames)
    other = drawn(talk(hopper, speech, emotion="happy", size=256, seed=1))
    assert not np.array_equal(other, happy_frames)


def test_an_emotion_changes_the_face(
    talk: dicetalk.DiceTalk, hopper: Path, speech: Path, happy_frames: Picture, happy: dicetalk.Video
) -> None:
    sad = drawn(talk(hopper, speech, emotion="sad", size=256))
    left, top, right, bottom = happy.conditions.face.box
    difference = np.abs(sad.astype(int) - happy_frames.astype(int)).mean(axis=(0, 3))
    assert difference[top:bottom, left:right].mean() > 4 * difference[:, :40].mean()


def test_strength_zero_is_neutral(talk: dicetalk.DiceTalk, hopper: Path, speech: Path) -> None:
    neutral, nothing = (drawn(talk(hopper, speech, emotion=e, size=128)) for e in ("neutral", "happy:0"))
    assert np.array_equal(neutral, nothing)


def test_a_timeline_is_followed(talk: dicetalk.DiceTalk, hopper: Path, speech: Path) -> None:
    mood = dicetalk.Timeline([(0.0, "neutral"), (0.8, dicetalk.mix(happy=0.7, surprised=0.3))], fade=0.4)
    video = talk(hopper, speech, emotion=mood, size=128)
    assert video.heard is mood
    rows = video.conditions.emotion.weights
    assert rows.shape == (FRAMES, 8)
    assert np.allclose(rows[0], np.eye(8)[0]) and np.allclose(rows[-1, [5, 7]], [0.7, 0.3])
    neutral = drawn(talk(hopper, speech, size=128))
    assert np.abs(drawn(video)[-5:].astype(int) - neutral[-5:].astype(int)).mean() > 0.3


def test_motion_is_written_for_other_avatars(happy: dicetalk.Video, tmp_path: Path) -> None:
    motion = read_csv(happy.save_motion(tmp_path / "curves.csv"))
    assert len(motion) == FRAMES
    assert motion.shapes.min() >= 0 and motion.shapes.max() <= 1
    assert motion.column("mouthSmileLeft").mean() > 0.3
    assert motion.column("jawOpen").std() > 0.01


def test_what_it_is_made_of_is_never_overwritten(hopper: Path, speech: Path, tmp_path: Path) -> None:
    portrait = tmp_path / "face.mov"  # read by its content
    portrait.write_bytes(hopper.read_bytes())
    video = dicetalk.load()(portrait, speech, size=64, crop=True)
    with pytest.raises(dicetalk.MediaError, match="is an input and would be overwritten"):
        video.save(portrait)
    with pytest.raises(dicetalk.MediaError, match=r"end the output name in \.csv"):
        video.save_motion(tmp_path / "curves.mp3")
    assert portrait.read_bytes() == hopper.read_bytes()


@pytest.mark.parametrize(("size", "expected"), [(0, (512, 600)), (1024, (512, 600)), (300, (256, 300)), (64, (54, 64))])
def test_size_caps_the_longest_side(
    talk: dicetalk.DiceTalk, hopper: Path, speech: Path, size: int, expected: tuple[int, int]
) -> None:
    video = talk(hopper, speech, size=size)
    assert (video.width, video.height) == expected


def test_odd_sides_lose_a_row_and_a_column(
    talk: dicetalk.DiceTalk, hopper_picture: Picture, speech: Path, tmp_path: Path
) -> None:
    video = talk(hopper_picture[:501, :411], speech, size=0)
    assert (video.width, video.height) == (410, 500)
    assert np.array_equal(video.conditions.portrait, hopper_picture[:500, :410])


def test_crop_is_the_square_around_the_face(talk: dicetalk.DiceTalk, hopper: Path, speech: Path) -> None:
    video = talk(hopper, speech, crop=True, size=128)
    assert (video.width, video.height) == (128, 128)
    left, top, right, bottom = video.conditions.face.box
    assert abs((left + right) / 2 - 64) < 4 and 50 < bottom - top < 90


def test_the_face_that_is_asked_for_speaks(talk: dicetalk.DiceTalk, hopper_picture: Picture, speech: Path) -> None:
    picture = np.zeros((600, 900, 3), np.uint8)
    picture[200:500, 50:306] = hopper_picture[::2, ::2]
    picture[:, 388:] = hopper_picture
    moved = drawn(talk(picture, speech, face=1, size=450)).astype(int).std(axis=0).mean(axis=2)
    assert moved[:, :190].max() > 10
    assert moved[:, 200:].max() == 0


def test_a_sound_of_memory_is_spoken(talk: dicetalk.DiceTalk, hopper: Path, speech: Path) -> None:
    sound = read_sound(speech)
    half = replace(sound, waveform=sound.waveform[: SPEECH_RATE // 2])
    assert talk(hopper, half, size=128).frames == 13


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "the seed is -1"),
        ({"size": 63}, "the size is 63"),
        ({"size": -5}, "the size is -5"),
        ({"size": 5000}, "the size is 5000"),
    ],
)
def test_numbers_out_of_range(
    talk: dicetalk.DiceTalk, hopper: Path, speech: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(dicetalk.InputError, match=message):
        talk(hopper, speech, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"head": "1"}, "head is '1'; use a number"),
        ({"head": True}, "head is True"),
        ({"blink": -0.1}, "blink is -0.1"),
        ({"gaze": 1}, "gaze is 1; use free or camera"),
        ({"fps": 25.0}, "fps is 25.0; use one of 24, 25"),
        ({"fps": True}, "fps is True"),
        ({"ease": "yes"}, "ease is 'yes' (str); use True or False"),
        ({"idle": "3"}, "an idle clip has no speech"),
        ({"speech": None, "idle": "3"}, "idle is '3'; use 0.2 to 3600"),
        ({"speech": None, "idle": float("inf")}, "idle is inf"),
        ({"speech": None}, "there is no speech"),
        ({"motion_in": 5}, "5 (int) is no name of a file"),
        ({"motion_in": Motion.still(0)}, "the given motion has no frames"),
        ({"motion_in": Motion.still(3, 0)}, "the given motion has no frames, no frame rate"),
        ({"speakers": "1:left"}, "expected a list"),
        ({"speakers": None}, "expected a list"),
    ],
)
def test_what_cannot_be_asked_for(
    talk: dicetalk.DiceTalk, hopper: Path, speech: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(dicetalk.InputError) as caught:
        talk(hopper, **{"speech": speech, **options})
    assert message in str(caught.value)


def test_numbers_of_numpy_are_numbers(talk: dicetalk.DiceTalk, hopper: Path) -> None:
    numbers: dict[str, Any] = {"idle": np.float32(0.4), "head": np.float64(0.5), "blink": np.float32(0)}
    video = talk(hopper, size=64, **numbers)
    assert video.frames == 10 and video.conditions.amounts.head == 0.5


@pytest.mark.parametrize("shape", [(100, 100), (100, 100, 4)])
def test_a_picture_of_another_shape_is_refused(talk: dicetalk.DiceTalk, speech: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(dicetalk.InputError, match=r"pass uint8 \(H, W, 3\)"):
        talk(np.zeros(shape, np.uint8), speech)


def test_an_unknown_backbone_is_refused() -> None:
    with pytest.raises(dicetalk.ConfigError, match="no backbone is called 'gpu'; choose rules, motion, svd"):
        dicetalk.load("gpu")


def test_curves_drive_the_portrait_as_the_speech_did(
    talk: dicetalk.DiceTalk, happy: dicetalk.Video, hopper: Path, speech: Path, tmp_path: Path
) -> None:
    one, two = happy.save_motion(tmp_path / "one.csv"), tmp_path / "two.csv"
    played = talk(hopper, speech, motion_in=one, size=256)
    assert played.frames == FRAMES
    assert played.save_motion(two).read_text() == one.read_text()
    silent = talk(hopper, motion_in=one, size=256)
    assert silent.frames == FRAMES and silent.sound is None
    np.testing.assert_array_equal(drawn(silent), drawn(played))
    video, sound = probe(silent.save(tmp_path / "silent.mp4"))
    assert video and video.seconds == 1.2 and sound is None
    back, acted = read_csv(one), concatenate(list(RulesBackbone().act(happy.conditions)))
    back.pose[:, 3:] = acted.pose[:, 3:]  # the head's shift, which the format lacks
    assert np.abs(drawn(talk(hopper, motion_in=back, size=256)).astype(int) - drawn(happy)).mean() < 0.001


def test_speech_that_outlasts_its_curves_is_heard_to_the_end(
    talk: dicetalk.DiceTalk, happy: dicetalk.Video, hopper: Path, speech: Path, tmp_path: Path
) -> None:
    motion = read_csv(happy.save_motion(tmp_path / "one.csv"))
    assert talk(hopper, speech, motion_in=motion[:10], size=64).frames == FRAMES
    assert talk(hopper, motion_in=motion[:10], size=64).frames == 10
    assert talk(hopper, motion_in=motion[:10], size=64, fps=50).frames == 20
    held = talk(hopper, speech, motion_in=motion[:10], size=64, head=0)
    assert not np.concatenate([part.pose for part in RulesBackbone().act(held.conditions)]).any()


@pytest.mark.parametrize("fps", [24, 50, 60])
def test_every_rate_lasts_as_long_as_the_speech(
    talk: dicetalk.DiceTalk, hopper: Path, speech: Path, tmp_path: Path, fps: int
) -> None:
    video = talk(hopper, speech, size=64, fps=fps)
    pictures, sound = probe(video.save(tmp_path / "out.mp4"))
    assert pictures and sound and pictures.fps == fps == video.fps
    assert abs(pictures.seconds - 1.2) <= 1 / fps and abs(sound.seconds - pictures.seconds) < 0.05
    lines = video.save_motion(tmp_path / "out.csv").read_text().splitlines()
    assert len(lines) - 1 == video.frames == -(-fps * 6 // 5)


@pytest.mark.parametrize("name", ["cc0_030", "st_happy"], ids=["laughing", "smiling"])
def test_an_eased_clip_begins_and_ends_as_the_portrait(
    talk: dicetalk.DiceTalk, portraits: Path, speech: Path, name: str
) -> None:
    video = talk(portraits / f"{name}.jpg", speech, emotion="surprised:1", size=256, ease=True)
    frames = drawn(video).astype(int)
    for end in (0, -1):
        assert np.abs(frames[end] - video.conditions.portrait).max() <= 1
    assert np.abs(frames[15] - video.conditions.portrait).max() > 30


@pytest.mark.parametrize("quality", ["low", "high"])
def test_an_eased_video_loops_without_a_jump(
    talk: dicetalk.DiceTalk, portraits: Path, speech: Path, tmp_path: Path, quality: str
) -> None:
    """It jumps by less than a grey level, nor does the encoder make it jump where the ends begin to be fine."""
    video = talk(portraits / "cc0_016.jpg", speech, emotion="surprised:1", size=256, ease=True)
    grey = np.array([0.2126, 0.7152, 0.0722])
    written = np.array([frame @ grey for frame in read_video(video.save(tmp_path / "out.mp4", quality=quality))])
    given = drawn(video) @ grey
    assert np.abs(written[-1] - written[0]).mean() < 0.8
    steps, true = (np.abs(np.diff(frames, axis=0)).mean((1, 2)) for frames in (written, given))
    assert (steps < true + 0.5).all()


def test_who_listens_moves_and_says_nothing(talk: dicetalk.DiceTalk, hopper: Path, tmp_path: Path) -> None:
    video = talk(hopper, idle=2, size=64, emotion="happy:0.3")
    motion = read_csv(video.save_motion(tmp_path / "idle.csv"))
    assert len(motion) == video.frames == 50 and video.sound is None
    assert motion.column("jawOpen").max() < 0.02 and motion.pose[:, :3].std() > 0.002


@pytest.fixture(scope="module")
def couple(hopper_picture: Picture) -> Picture:
    """Two of her beside each other, the right one a mirror image."""
    return np.ascontiguousarray(np.hstack([hopper_picture[::2, ::2], hopper_picture[::2, ::-2]]))


@pytest.fixture(scope="module")
def dialogue(voice: Waveform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of the left channel, then a second of the right one."""
    said = voice[int(0.8 * SPEECH_RATE) :][:SPEECH_RATE]
    still = np.zeros(SPEECH_RATE, np.int16)
    path = tmp_path_factory.mktemp("dialogue") / "two.wav"
    wavfile.write(path, SPEECH_RATE, np.stack([np.append(said, still), np.append(still, said)], 1))
    return path


def mouths(video: dicetalk.Video) -> tuple[NDArray[Any], NDArray[Any]]:
    """How much the lower halves of both faces change from frame to frame, (T - 1,) each."""
    frames = drawn(video).astype(int)
    found = []
    for some in (video.conditions, *video.others):
        left, top, right, bottom = some.face.box
        mouth = frames[:, (top + bottom) // 2 : bottom, left:right]
        found.append(np.abs(np.diff(mouth, axis=0)).mean((1, 2, 3)))
    return found[0], found[1]


def test_two_speakers_each_with_a_channel(talk: dicetalk.DiceTalk, couple: Picture, dialogue: Path) -> None:
    who: list[str | dicetalk.Speaker] = ["1:left:happy", dicetalk.Speaker(2, "right", "sad")]
    video = talk(couple, dialogue, size=256, speakers=who, head=0, blink=0)
    one, other = mouths(video)
    assert video.frames == 50 and len(one) == 49
    assert one[3:20].mean() > 5 * one[30:48].mean()  # speaks, then listens
    assert other[28:45].mean() > 5 * other[3:20].mean()
    felt = [str(timeline.keys[0][1]) for timeline in (video.heard, *video.others_heard)]
    assert felt == ["happy:0.8", "sad:0.8"]
    assert video.sound is not None and video.sound.channels == 2
    with pytest.raises(dicetalk.InputError, match="curves are of one face"):
        video.save_motion("never.csv")


def test_one_who_says_nothing_listens(
    talk: dicetalk.DiceTalk, couple: Picture, voice: Waveform, tmp_path: Path
) -> None:
    said = voice[int(0.8 * SPEECH_RATE) :][: SPEECH_RATE // 2]
    wavfile.write(tmp_path / "one.wav", SPEECH_RATE, np.stack([said, np.zeros_like(said)], 1))
    video = talk(couple, tmp_path / "one.wav", size=128, speakers=["2:left", "1:right:happy"], head=0, blink=0)
    speaks, listens = mouths(video)
    assert speaks.mean() > 5 * listens.mean()


def test_speakers_who_are_not_there(talk: dicetalk.DiceTalk, hopper: Path, couple: Picture, dialogue: Path) -> None:
    with pytest.raises(dicetalk.NoFaceError, match=r"hopper\.jpg: face 2 asked for, 1 face found"):
        talk(hopper, dialogue, speakers=["1:left", "2:right"])
    with pytest.raises(dicetalk.InputError, match=r"channel 3 was asked for, and the sound has channels 1 to 2"):
        talk(couple, dialogue, speakers=["1:left", "2:3"])


@pytest.fixture(scope="module")
def cutout(hopper_picture: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Her, cut out of the wall by an ellipse with a soft edge."""
    y, x = np.mgrid[:600, :512]
    cover = np.clip(12 - 12 * np.hypot((x - 256) / 230, (y - 300) / 330), 0, 1) * 255
    path = tmp_path_factory.mktemp("cutout") / "cutout.png"
    Image.fromarray(np.dstack([hopper_picture, cover.astype(np.uint8)])).save(path)
    return path


def test_what_is_transparent_stays_so(talk: dicetalk.DiceTalk, cutout: Path, speech: Path, tmp_path: Path) -> None:
    video = talk(cutout, speech, size=128, emotion="happy", ease=True)
    assert video.has_alpha
    clear, white = np.concatenate(list(video.stream(alpha=True))), drawn(video)
    assert clear.shape == (30, 128, 108, 4) and white.shape == (30, 128, 108, 3)
    share = clear[..., 3:] / 255
    assert np.abs(clear[..., :3] * share + 255 * (1 - share) - white).max() <= 3
    assert np.array_equal(clear[0, ..., 3], np.asarray(video.conditions.cover))  # eased: the portrait
    assert clear[..., 3].astype(int).std(0).max() > 3  # the edge moves with the head
    video.save(f"{tmp_path}/frames/")
    last = np.asarray(Image.open(tmp_path / "frames" / "frame_00029.png"))
    assert np.array_equal(last, clear[-1])
    for name, pixels in (("a.webm", "yuv420p"), ("a.mov", "yuva444p12le"), ("a.mp4", "yuv420p")):
        pictures, sound = probe(video.save(tmp_path / name))
        assert pictures and sound and pictures.pix_fmt == pixels  # VP9 keeps alpha beside its pictures


def test_a_portrait_that_covers_all_has_no_alpha(happy: dicetalk.Video) -> None:
    assert not happy.has_alpha and next(iter(happy.stream(alpha=True))).shape[-1] == 3


def test_a_failed_save_leaves_nothing(happy: dicetalk.Video, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        happy.save(tmp_path / "out.mp4", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_writer_stops_the_drawing(
    happy: dicetalk.Video, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(writer: VideoWriter, frames: Picture) -> None:
        raise dicetalk.MediaError("no space left")

    monkeypatch.setattr(VideoWriter, "write", full)
    told, threads = [], threading.active_count()
    with pytest.raises(dicetalk.MediaError, match="no space left"):
        happy.save(tmp_path / "out.mp4", progress=lambda done, total: told.append(done))
    assert len(told) <= 2 and list(tmp_path.iterdir()) == [] and threading.active_count() == threads


def test_a_stream_that_is_closed_early_leaves_no_thread(happy: dicetalk.Video) -> None:
    threads = threading.active_count()
    stream = happy.stream()
    next(stream)
    stream.close()
    assert threading.active_count() == threads


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["lp_s9", "lp_s10", "lp_s6", "lp_s5", "lp_s11", "cc0_016", "cc0_030", "cc0_084"],
    ids=["painting", "three-quarter", "statue", "painted-child", "child", "glasses", "teeth", "beard"],
)
def test_real_portraits_speak(
    talk: dicetalk.DiceTalk, portraits: Path, voice: Waveform, speech: Path, name: str
) -> None:
    sound = Sound(speech, SPEECH_RATE, 1, voice[SPEECH_RATE : SPEECH_RATE * 8 // 5])
    picture = read_picture(portraits / f"{name}.jpg")
    video = talk(picture, sound, emotion="happy", size=320)
    frames = drawn(video)
    assert len(frames) == 15
    assert max(video.width, video.height) == 320
    left, top, right, bottom = video.conditions.face.box
    moved = np.abs(frames[-1].astype(int) - video.conditions.portrait).mean(axis=2)
    assert moved[(top + bottom) // 2 : bottom, left:right].mean() > 2  # the mouth
    assert np.mean(moved[top:bottom, left:right] > 128) < 0.05  # nothing torn or smeared
