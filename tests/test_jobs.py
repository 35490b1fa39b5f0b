"""Jobs: said as JSON and back, what happens on the way, stopped without a trace, and their records."""

from __future__ import annotations

import inspect
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import fake_backbone
import pytest

from dicetalk import errors
from dicetalk.backbone import KINDS
from dicetalk.emotion.timeline_file import read_timeline
from dicetalk.errors import ConfigError, DiceTalkError, EmotionError, InputError, MediaError, NoFaceError
from dicetalk.jobs import Cancelled, Event, Job
from dicetalk.making import check, options_of, run
from dicetalk.media import probe
from dicetalk.motion.live_link import read_csv
from dicetalk.reading import reader
from dicetalk.svd.options import SvdOptions


@pytest.fixture
def desk(tmp_path: Path, hopper: Path, speech: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a portrait and a speech in it, and a fake backbone to choose."""
    (tmp_path / "face.jpg").symlink_to(hopper)
    (tmp_path / "speech.wav").symlink_to(speech)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(KINDS, "fake", fake_backbone.KIND)
    return tmp_path


def job(**changes: Any) -> Job:
    plain = Job(portrait=Path("face.jpg"), speech=Path("speech.wav"), output=Path("out.mp4"), size=64)
    return replace(plain, **changes)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ---- as JSON


ALL = job(
    emotion="like:clip.mp4",
    as_strong_as=0.7,
    motion_out=Path("c.csv"),
    preview=Path("p.png"),
    seed=3,
    face=2,
    crop=True,
    channel="left",
    anyway=True,
    head=0.5,
    blink=0,
    gaze="camera",
    fps=50,
    ease=True,
    idle=3.5,
    motion_in=Path("in.csv"),
    speakers=("1:left:happy", "2:right:sad"),
    voice_emotion="sad:0.4",
    quality=30,
    backbone="svd",
    options={"preset": "fast", "steps": 3, "emotion_scale": 2.5, "compile": True},
)


@pytest.mark.parametrize("said", [job(), ALL])
def test_a_job_goes_through_json(said: Job) -> None:
    text = json.dumps(said.to_json())
    assert Job.from_json(json.loads(text)) == said
    assert set(json.loads(text)) == {field.name for field in fields(Job)}


def test_what_is_left_out_is_as_usual() -> None:
    told = {"portrait": "face.jpg", "speech": "speech.wav", "output": "out.mp4"}
    assert Job.from_json(told) == Job(portrait=Path("face.jpg"), speech=Path("speech.wav"), output=Path("out.mp4"))
    assert Job.from_json(told).backbone == "rules" and Job.from_json(told).emotion == "neutral"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"mood": "happy"}, "a job has no field 'mood'; expected some of: portrait, speech, output, emotion"),
        ({"portrait": None}, "the job names no portrait; expected a path"),
        ({"output": 5}, "the job's output is '5'; expected text"),
        ({"motion_out": ["c.csv"]}, r"the job's motion_out is .*; expected text or null"),
        ({"emotion": {"happy": 1}}, "the job's emotion is .*; expected text"),
        ({"seed": "3"}, "the job's seed is '3'; expected a whole number"),
        ({"seed": True}, "the job's seed is 'True'; expected a whole number"),
        ({"size": 2.5}, "the job's size is '2.5'; expected a whole number"),
        ({"face": "left"}, "the job's face is 'left'; expected a whole number or null"),
        ({"crop": 1}, "the job's crop is '1'; expected true or false"),
        ({"head": "1"}, "the job's head is '1'; expected a number"),
        ({"head": True}, "the job's head is 'True'; expected a number"),
        ({"fps": 25.0}, "the job's fps is '25.0'; expected a whole number"),
        ({"idle": "long"}, "the job's idle is 'long'; expected a number or null"),
        ({"gaze": 1}, "the job's gaze is '1'; expected text or null"),
        ({"voice_emotion": 1}, "the job's voice_emotion is '1'; expected text or null"),
        ({"speakers": "1:left"}, "the job's speakers is '1:left'; expected a list"),
        ({"quality": None}, "the job's quality is 'None'; expected a number or text"),
        ({"ease": 1}, "the job's ease is '1'; expected true or false"),
        ({"options": ["fast"]}, "the job's options is .*; expected an object"),
        ({"backbone": None}, "the job's backbone is 'None'; expected text"),
    ],
)
def test_what_is_no_job(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        Job.from_json(job().to_json() | changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["portrait", "speech", "output"])
def test_what_is_needed_is_named(name: str) -> None:
    told = job().to_json()
    del told[name]
    with pytest.raises(InputError, match=f"the job names no {name}"):
        Job.from_json(told)


# ---- what is wrong is told before any work


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        (
            {"backbone": "gpu"},
            ConfigError,
            "no backbone is called 'gpu'; choose rules, motion, svd, fake, or",
        ),
        ({"options": {"preset": "fast"}}, ConfigError, "'preset' is no option of the rules backbone, which has none"),
        ({"output": Path("out.avi")}, MediaError, r"out\.avi ends in '\.avi'"),
        ({"output": Path("no/out.mp4")}, MediaError, "the folder no does not exist"),
        ({"output": Path("o\0.mp4")}, MediaError, "is no name of a file"),
        ({"motion_out": Path("c.txt")}, MediaError, r"c\.txt ends in '\.txt'"),
        ({"preview": Path("p.gif")}, MediaError, r"p\.gif ends in '\.gif'"),
        ({"emotion": "hapy"}, EmotionError, "did you mean 'happy'"),
        ({"emotion": "auto:0"}, EmotionError, "auto:0 is not understood"),
        ({"backbone": "fake", "motion_out": Path("c.csv")}, ConfigError, "draws frames without motion curves"),
        ({"quality": "best"}, InputError, "the quality is 'best'; use low, medium, high"),
        ({"speakers": ("1:left:hapy",)}, EmotionError, "did you mean 'happy'"),
        ({"face": 0}, InputError, "the face is 0; use 1 for the leftmost"),
        ({"face": -1}, InputError, "the face is -1"),
        ({"speakers": ("0:left",)}, InputError, "expected a number, 1 is the leftmost"),
        ({"speakers": ("one",)}, InputError, "expected face:channel:emotion"),
        ({"speakers": ("1:left",), "face": 1}, InputError, "leave face out"),
        ({"speakers": ("1:left",), "motion_out": Path("c.csv")}, InputError, "curves are of one face"),
        ({"output": Path("no/where/f_%d.png")}, MediaError, "the folder no does not exist"),
        ({"head": 2}, InputError, "head is 2; use a number from 0"),
        ({"blink": float("nan")}, InputError, "blink is nan; use a number from 0"),
        ({"as_strong_as": 7}, InputError, "as_strong_as is 7; use a share of the audience, above 0 to 1"),
        ({"as_strong_as": 0.7, "motion_in": Path("speech.wav"), "speech": None}, InputError, "leave as_strong_as out"),
        ({"gaze": "left"}, InputError, "gaze is 'left'; use free or camera"),
        ({"fps": 23}, InputError, "fps is 23; use one of 24, 25, 30, 50, 60"),
        ({"backbone": "fake", "fps": 50}, ConfigError, "the fake backbone makes 25 frames a second, not 50"),
        ({"backbone": "fake", "head": 0.5}, ConfigError, "fake backbone cannot be told how to move; leave head out"),
        ({"backbone": "fake", "ease": True}, ConfigError, "leave ease out"),
        ({"backbone": "fake", "motion_in": Path("speech.wav")}, ConfigError, "leave motion-in out"),
        ({"idle": 3}, InputError, "an idle clip has no speech"),
        ({"idle": 1e9, "speech": None}, InputError, r"idle is 1000000000.0; use 0.2 to 3600 seconds"),
        ({"idle": float("nan"), "speech": None}, InputError, "idle is nan"),
        ({"speech": None}, InputError, "there is no speech; give a recording, seconds to idle, or curves"),
        ({"motion_in": Path("speech.wav"), "emotion": "sad"}, InputError, "curves hold the whole expression"),
        ({"voice_emotion": "hapy"}, EmotionError, "the voice's emotion: .* did you mean 'happy'"),
        ({"voice_emotion": "same", "speech": None, "idle": 3.0}, InputError, "no speech whose voice could feel"),
        ({"voice_emotion": "same", "motion_in": Path("speech.wav")}, InputError, "timed to the speech as it is"),
        ({"voice_emotion": "same", "speakers": ("1:left", "2:right")}, InputError, "several speakers are not changed"),
        ({"motion_in": Path("none.csv")}, MediaError, "none.csv cannot be opened"),
    ],
)
def test_what_is_wrong_is_told_first(
    desk: Path, changes: dict[str, Any], error: type[DiceTalkError], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicetalk.making.load_backbone", lambda *_: pytest.fail("work began"))
    before = names(desk)
    with pytest.raises(error, match=says):
        run(job(**changes))
    assert names(desk) == before


def test_speech_need_not_be_there(desk: Path) -> None:
    done = run(job(speech=None, idle=0.4, output=Path("idle.webm")))
    assert done.to_json()["frames"] == 10 and probe(desk / "idle.webm")[1] is None
    told = job(speech=None, idle=1).to_json()
    del told["speech"]
    assert Job.from_json(told).idle == 1


def test_what_is_too_weak_is_raised_until_an_audience_reads_it(desk: Path) -> None:
    done = run(job(speech=None, idle=0.4, emotion="angry:0.3", as_strong_as=0.7))
    told = done.to_json()
    (key,) = told["heard"]["keys"]
    assert told["emotion"] == "angry:0.3" and set(key["emotion"]) == {"angry"}
    assert 0.3 < key["emotion"]["angry"] < 1 and key["why"].startswith("raised from 0.30")
    assert done.video.conditions.emotion.weights[5].max() == pytest.approx(key["emotion"]["angry"], abs=1e-3)
    done = run(job(speech=None, idle=0.4, emotion="sad", as_strong_as=0.9))
    assert "at full strength" in done.to_json()["warnings"][0]


def test_a_folder_is_filled_with_frames(desk: Path) -> None:
    told = job(idle=0.2, speech=None).to_json() | {"output": "frames/"}
    assert run(Job.from_json(told)).to_json()["output"] == "frames/frame_%05d.png"
    assert names(desk / "frames") == [f"frame_{i:05d}.png" for i in range(5)]
    with pytest.raises(MediaError, match="is there already"):
        check(Job.from_json(told))


def test_inputs_are_not_overwritten(desk: Path, speech: Path) -> None:
    (desk / "speech.mp4").symlink_to(speech)
    for changes in ({"speech": Path("speech.mp4")}, {"emotion": "like:speech.mp4"}, {"portrait": Path("speech.mp4")}):
        with pytest.raises(MediaError, match="is an input and would be overwritten"):
            check(job(output=Path("speech.mp4"), **changes))


def test_options_by_name(desk: Path) -> None:
    (desk / "dice-svd").mkdir()
    assert options_of(job()) is None
    made = options_of(job(backbone="svd", options={"preset": "fast", "steps": 3}))
    assert made == SvdOptions(preset="fast", steps=3)
    for options, says in (
        ({"stops": 3}, "the svd backbone has no option 'stops'; it has: preset, steps"),
        ({"preset": "quick"}, "choose one of: fast, balanced, best"),
        ({"steps": "3"}, "steps is '3'; use 1 to 200"),
        ({"steps": 2.5}, "steps is 2.5; use a whole number"),
        ({"emotion_scale": None}, "emotion_scale is None; use 0 to 30"),
    ):
        with pytest.raises(ConfigError, match=says):
            options_of(job(backbone="svd", options=options))


# ---- what happens


def test_events_come_in_order(desk: Path) -> None:
    told: list[Event] = []
    done = run(job(motion_out=Path("c.csv")), told.append)
    works = [event.work for event in told]
    assert works[:3] == ["loading", "reading", "listening"] and set(works[3:]) == {"rendering"}
    rendered = [(event.done, event.total, event.things) for event in told[3:]]
    assert [count for count, _, _ in rendered] == sorted(count for count, _, _ in rendered)
    assert rendered[-1] == (30, 30, "frames") and {things for *_, things in rendered} == {"frames"}
    assert done.job == job(motion_out=Path("c.csv")) and done.elapsed_s > 0
    assert probe(desk / "out.mp4")[0] is not None and len(read_csv(desk / "c.csv")) == 30
    assert names(desk) == ["c.csv", "face.jpg", "out.mp4", "speech.wav"]


def test_steps_are_told_and_looked_at(desk: Path) -> None:
    told: list[Event] = []
    run(job(backbone="fake", preview=Path("look.png")), told.append)
    works = [event.work for event in told]
    assert works[:5] == ["loading", "reading", "listening", "denoising", "denoising"]
    assert set(works[5:]) == {"rendering"}
    assert told[3:5] == [Event("denoising", 1, 2, "steps"), Event("denoising", 2, 2, "steps")]
    assert names(desk) == ["face.jpg", "look.png", "out.mp4", "speech.wav"]


def test_a_preview_of_one_that_draws_at_once_is_never_written(desk: Path) -> None:
    run(job(preview=Path("look.png")))
    assert names(desk) == ["face.jpg", "out.mp4", "speech.wav"]


@pytest.mark.parametrize("stopped_at", ["loading", "reading", "listening", "rendering", "the end"])
def test_a_job_that_is_stopped_leaves_nothing_behind(desk: Path, stopped_at: str) -> None:
    (desk / "out.mp4").write_bytes(b"an older video")
    before = names(desk)

    def tell(event: Event) -> None:
        if event.work == stopped_at or (stopped_at == "the end" and event.things and event.done == event.total):
            raise Cancelled

    with pytest.raises(Cancelled):
        run(job(motion_out=Path("c.csv")), tell)
    assert names(desk) == before and (desk / "out.mp4").read_bytes() == b"an older video"


def test_one_that_is_stopped_while_it_denoises(desk: Path) -> None:
    before = names(desk)

    def tell(event: Event) -> None:
        if event.work == "denoising":
            raise Cancelled

    with pytest.raises(Cancelled):
        run(job(backbone="fake", preview=Path("look.png")), tell)
    assert names(desk) == before
    assert not issubclass(Cancelled, DiceTalkError)  # nobody shows it as an error


def test_curves_that_cannot_be_made_leave_no_video(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MediaError("no space left")

    monkeypatch.setattr("dicetalk.video.write_csv", full)
    before = names(desk)
    with pytest.raises(MediaError, match="no space left"):
        run(job(motion_out=Path("c.csv")))
    assert names(desk) == before


# ---- records


def test_the_record_of_a_video(desk: Path) -> None:
    done = run(job(emotion="sad:0.5,happy:0.25", seed=2, motion_out=Path("c.csv")))
    record = json.loads(json.dumps(done.to_json()))
    assert 0 <= record.pop("elapsed_s") < 100
    heard = record.pop("heard")
    assert record.pop("marks") in ("signed", "plain")  # with or without the extra
    assert record == {
        "output": "out.mp4",
        "frames": 30,
        "fps": 25,
        "width": 54,
        "height": 64,
        "seconds": 1.2,
        "seed": 2,
        "emotion": "sad:0.5,happy:0.25",
        "warnings": [],
        "backbone": "rules",
        "motion_out": "c.csv",
    }
    assert heard["keys"] == [{"time": 0, "emotion": {"happy": 0.25, "sad": 0.5}, "confidence": 1, "why": ""}]


def test_what_was_heard_can_be_asked_for_again(desk: Path) -> None:
    done = run(job(emotion="like:speech.wav", backbone="fake"))
    (desk / "heard.json").write_text(json.dumps(done.to_json()["heard"]))
    ((_, again),), ((_, felt),) = read_timeline(desk / "heard.json").keys, done.video.heard.keys
    assert again.strengths == pytest.approx(felt.strengths) and again.why == felt.why != ""
    assert again.confidence == pytest.approx(felt.confidence, abs=1e-4)
    assert run(job(emotion="heard.json", backbone="fake")).video.heard.keys[0][1] == again


ERRORS = [error for _, error in inspect.getmembers(errors, inspect.isclass) if issubclass(error, DiceTalkError)]


@pytest.mark.parametrize("error", ERRORS)
def test_the_record_of_every_error(error: type[DiceTalkError]) -> None:
    made = error("torch", "svd") if error is errors.MissingExtraError else error("it is not there")
    record = json.loads(json.dumps(made.to_json()))
    assert record["kind"] == error.__name__ and record["error"] == str(made) != ""
    assert set(record) == ({"error", "kind", "faces"} if error is NoFaceError else {"error", "kind"})


def test_the_record_of_a_face_that_is_not_there_has_those_that_are(desk: Path) -> None:
    with pytest.raises(NoFaceError) as caught:
        run(job(face=3))
    ((left, top, right, bottom),) = json.loads(json.dumps(caught.value.to_json()))["faces"]
    assert 0 < left < right < 512 and 0 < top < bottom < 600
    assert NoFaceError("none").to_json()["faces"] == []


def test_inputs_and_numbers_are_checked_before_anything_is_loaded(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("work began")

    monkeypatch.setattr("dicetalk.making.load_backbone", never)
    good = {"portrait": "face.jpg", "speech": "speech.wav", "output": "out.mp4"}
    wrong: list[dict[str, Any]] = [
        *({name: "gone"} for name in ("portrait", "speech")),
        *({"emotion": "like:gone.wav"}, {"seed": -1}, {"size": -5}),
    ]
    for change in wrong:
        with pytest.raises(InputError):
            run(Job.from_json({**good, **change}))


# ---- read back


def test_a_finished_video_is_read_back(desk: Path) -> None:
    seen: list[Event] = []
    done = run(job(emotion="happy", size=256, crop=True, check=True), seen.append)
    told = done.to_json()["check"]
    assert done.reading is not None and told["agree"] and max(told["shown"], key=told["shown"].get) == "happy"
    assert told["asked"]["happy"] == pytest.approx(0.8)
    assert seen[-1].work == "checking"


def test_what_cannot_be_read_back_is_said_and_kept(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any, **more: Any) -> None:
        raise InputError("neither face nor voice can be read")

    monkeypatch.setattr(reader, "read", refuse)
    done = run(job(backbone="fake", check=True))
    assert (desk / "out.mp4").is_file() and done.to_json()["check"] == {"error": done.unread}
    assert done.unread == "neither face nor voice can be read"


def test_nothing_is_read_back_unasked(desk: Path) -> None:
    assert "check" not in run(job(backbone="fake")).to_json()


@pytest.mark.parametrize("changes", [{"output": Path("f_%05d.png")}, {"speakers": ("1:left:happy",)}])
def test_what_nobody_could_read_back_is_refused(desk: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="leave check out"):
        check(job(check=True, **changes))
