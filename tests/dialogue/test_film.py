"""From a script to a film: when lines are spoken, what is felt all the while, who is seen; all of it at tiny size."""

from __future__ import annotations

import itertools
import json
import shlex
import sys
from pathlib import Path

import fake_backbone
import numpy as np
import pytest
from command_line import dicetalk, names
from scipy.io import wavfile

from dicetalk.arrays import Waveform
from dicetalk.backbone import KINDS
from dicetalk.dialogue.cast import Player
from dicetalk.dialogue.film import Look, make_film
from dicetalk.dialogue.layout import Layout
from dicetalk.dialogue.plan import Plan, Planned
from dicetalk.dialogue.script import Line
from dicetalk.dialogue.staging import LEAD, felt_by, length_of, listening, shots, spoken_moments
from dicetalk.emotion.feeling import Feeling, mix
from dicetalk.errors import EmotionError, NoFaceError
from dicetalk.jobs import Cancelled, Event
from dicetalk.marks.verdict import verify
from dicetalk.media import probe, read_sound, read_video
from dicetalk.pipeline import DiceTalk

FEELINGS = {"A": mix(sad=0.8), "B": mix(happy=0.9)}
PLAN = Plan(
    (
        Planned(Line("A", "I lost my dog."), FEELINGS["A"]),
        Planned(Line("B", "He is over there!"), FEELINGS["B"]),
        Planned(Line("A", "Thank you."), mix(happy=0.5)),
    )
)


def test_lines_are_spoken_one_after_another() -> None:
    moments = spoken_moments(PLAN, [1.0, 2.0, 0.5])
    assert moments[0].start == LEAD
    assert [round(moment.end - moment.start, 6) for moment in moments] == [1.0, 2.0, 0.5]
    assert all(one.end < other.start for one, other in itertools.pairwise(moments))
    assert length_of(moments) > moments[-1].end


def test_who_listens_comes_to_feel_what_they_answer_with() -> None:
    assert listening("B", PLAN, 0).strengths == pytest.approx({"happy": 0.54})
    assert listening("A", PLAN, 1).strengths == pytest.approx({"happy": 0.3})
    assert listening("B", PLAN, 2).strengths == pytest.approx({"happy": 0.175})  # answers nothing: an echo
    angry = Plan((Planned(Line("A", "No!"), mix(angry=0.9)), Planned(Line("A", "No, no!"), mix(angry=0.9))))
    assert listening("B", angry, 0).strengths == {}  # anger is not caught


def test_what_is_planned_is_felt_however_unsure_it_is() -> None:
    unsure = Plan((Planned(Line("A", "Hm."), Feeling(mix(sad=0.8).weights, 0.8, 0.1)),))
    timeline = felt_by("A", unsure, spoken_moments(unsure, [1.0]))
    assert timeline.keys[0][1].strengths == {"sad": 0.8}


def test_a_speaker_feels_in_each_line() -> None:
    moments = spoken_moments(PLAN, [1.0, 2.0, 0.5])
    times = [moment.start for moment in moments]
    felt = felt_by("A", PLAN, moments).at(times)
    assert felt[0].argmax() == 6 and felt[2].argmax() in (0, 5) and felt[2][5] == pytest.approx(0.5)


def test_who_speaks_is_seen() -> None:
    moments = spoken_moments(PLAN, [1.0, 2.0, 1.0])
    assert [name for _, name in shots(moments, ["A", "B"], length_of(moments))] == ["A", "B", "A"]


def test_who_listens_to_a_long_line_is_seen_in_its_middle() -> None:
    moments = spoken_moments(PLAN, [6.0, 0.5, 1.0])
    seen = shots(moments, ["A", "B"], length_of(moments))
    assert [name for _, name in seen] == ["A", "B", "A"]  # and nobody turns round for half a second
    assert moments[0].start < seen[1][0] < seen[2][0] < moments[0].end


def test_one_person_alone_is_seen_all_the_time() -> None:
    alone = Plan((Planned(Line("A", "Hm."), Feeling()), Planned(Line("A", "Well."), Feeling())))
    assert shots(spoken_moments(alone, [6.0, 6.0]), ["A"], 13.0) == [(0.0, "A")]


@pytest.fixture
def cast(tmp_path: Path, hopper: Path, voice: Waveform) -> list[Player]:
    """Two people with a recording a line, 0.4 s each."""
    players = []
    for name, count in (("A", 2), ("B", 1)):
        folder = tmp_path / name
        folder.mkdir()
        for number in range(count):
            wavfile.write(folder / f"{number}.wav", 16_000, voice[16_000 * (number + 1) : 16_000 * (number + 1) + 6400])
        players.append(Player(name, hopper, str(folder)))
    return players


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> DiceTalk:
    monkeypatch.setitem(KINDS, "fake", fake_backbone.KIND)
    return DiceTalk(fake_backbone.FakeBackbone())


@pytest.mark.parametrize(("layout", "width"), [("cut", 54), ("split", 108)])
def test_a_film(tmp_path: Path, cast: list[Player], talk: DiceTalk, layout: Layout, width: int) -> None:
    told: list[Event] = []
    output = tmp_path / "scene.mp4"
    film = make_film(PLAN, cast, output, look=Look(layout=layout, size=64), each=tmp_path, talk=talk, tell=told.append)
    video, sound = probe(output)
    assert video is not None and sound is not None
    assert (video.width, video.height) == (film.width, film.height) == (width, 64)
    frames = [frame for chunk in read_video(output) for frame in (chunk if chunk.ndim == 4 else [chunk])]
    assert len(frames) == film.frames == pytest.approx(25 * length_of(film.moments), abs=1)
    assert told[-1] == Event("rendering", film.frames, film.frames, "frames")
    assert Event("speaking", 3, 3, "lines") in told
    heard = read_sound(output).waveform.astype(np.float64)
    for moment in film.moments:
        assert heard[round(moment.start * 16_000) : round(moment.end * 16_000)].std() > 100
    assert np.abs(heard[: round(LEAD * 16_000) - 800]).max() < 200
    assert [path.name for path in film.each] == ["1_a.mp4", "2_b.mp4"]
    alone = [read_sound(path).waveform.astype(np.float64) for path in film.each]
    for moment in film.moments:  # who does not speak is silent in their own video
        loud = [own[round(moment.start * 16_000) : round(moment.end * 16_000)].std() > 100 for own in alone]
        assert loud == [moment.speaker == "A", moment.speaker == "B"]


def test_the_same_seed_gives_the_same_film(tmp_path: Path, cast: list[Player], talk: DiceTalk) -> None:
    shown = []
    for count, seed in enumerate((3, 3, 4)):
        make_film(PLAN, cast, tmp_path / f"{count}.mp4", look=Look(size=64, seed=seed), talk=talk)
        shown.append(np.concatenate([f.reshape(-1) for f in read_video(tmp_path / f"{count}.mp4")]))
    assert np.array_equal(shown[0], shown[1]) and not np.array_equal(shown[0], shown[2])


def test_a_film_that_is_stopped_leaves_nothing(tmp_path: Path, cast: list[Player], talk: DiceTalk) -> None:
    def stop(event: Event) -> None:
        if event.work == "rendering":
            raise Cancelled

    before = names(tmp_path)
    with pytest.raises(Cancelled):
        make_film(PLAN, cast, tmp_path / "scene.mp4", look=Look(size=64), each=tmp_path, talk=talk, tell=stop)
    assert names(tmp_path) == before


def test_a_picture_without_a_face_is_refused(tmp_path: Path, cast: list[Player], talk: DiceTalk) -> None:
    from PIL import Image

    Image.new("RGB", (64, 64), "grey").save(tmp_path / "grey.png")
    broken = [cast[0], Player("B", tmp_path / "grey.png", cast[1].voice)]
    with pytest.raises(NoFaceError):
        make_film(PLAN, broken, tmp_path / "scene.mp4", look=Look(size=64), talk=talk)
    assert not (tmp_path / "scene.mp4").exists()


SPEAKS = """\
import sys
from scipy.io import wavfile
rate, samples = wavfile.read(sys.argv[1])
wavfile.write(sys.argv[2], rate, samples[: 400 * len(sys.argv[3])])
"""


@pytest.mark.slow
def test_the_command_from_a_script_to_a_film(
    tmp_path: Path, hopper: Path, speech: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "speak.py").write_text(SPEAKS)
    (tmp_path / "script.txt").write_text("ANNA: I lost my dog.\nBEN [happy:0.8]: There he is!\n")
    tts = shlex.join([sys.executable, "speak.py", str(speech), "{output}", "{text}"])
    people = ("--cast", f"anna={hopper}", "--cast", f"ben={hopper}", "--tts", tts)
    how = ("--size", "96", "--crop", "--layout", "split", "--marks", "plain", "--plan", "plan.json", "--json")
    assert dicetalk("dialogue", "script.txt", *people, *how, "-o", "scene.mp4") == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert err.startswith("wrote scene.mp4: ") and err.count("\n") == 1
    assert [line["locked"] for line in told["lines"]] == [False, True]
    assert told["lines"] == json.loads((tmp_path / "plan.json").read_text())["lines"]
    assert (told["width"], told["height"], len(told["times"])) == (192, 96, 2)
    video, sound = probe(tmp_path / "scene.mp4")
    assert video is not None and sound is not None and video.width == 192


def test_the_command_plans_without_a_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.txt").write_text("ANNA: I am so sorry, I lost my dog.\nBEN: I see.\n")
    assert dicetalk("dialogue", "script.txt", "--plan-only", "--plan", "plan.json", "--lock", "2=angry:0.6") == 0
    out, err = capsys.readouterr()
    assert err == "" and out.count("\n") == 2 and "locked  angry 0.60" in out
    assert dicetalk("dialogue", "plan.json", "--plan-only", "--lock", "1=happy") == 0
    assert "happy 0.80" in capsys.readouterr().out
    assert dicetalk("dialogue", "plan.json", "--plan-only", "--replan", "--json") == 0
    assert json.loads(capsys.readouterr().out)["lines"][1]["emotion"] == {"angry": 0.6}
    assert names(tmp_path) == ["plan.json", "script.txt"]
    assert dicetalk("dialogue", "plan.json", "--plan-only", "--as-strong-as", "0.9") == 0
    out, err = capsys.readouterr()
    assert "raised from" in out and "locked  angry 0.60" in out and err.startswith("warning: ")
    assert dicetalk("dialogue", "plan.json", "--plan-only", "--as-strong-as", "0.9", "--json", "--quiet") == 0
    out, silent = capsys.readouterr()
    assert [f"warning: {doubt}" for doubt in json.loads(out)["warnings"]] == err.splitlines() and not silent


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gone.txt", "--plan-only"), "gone.txt"),
        (("empty.txt", "--plan-only"), "empty.txt"),
        (("script.txt", "--plan-only", "--lock", "9=sad"), "no line 9"),
        (("script.txt", "--plan-only", "--plan", "plan.txt"), "plan.txt"),
        (("script.txt", "--plan-only", "--as-strong-as", "7"), "as_strong_as is 7"),
        (("script.txt",), "nobody plays ANNA"),
        (("script.txt", "--cast", "anna=gone.png"), "gone.png"),
        (("script.txt", "--cast", "anna=face.jpg"), "anna has no voice"),
        (("script.txt", "--cast", "anna=face.jpg", "--tts", "nosuch {text} {output}"), "'nosuch' is not found"),
        (("script.txt", "--cast", "anna=face.jpg,face.jpg", "-o", "face.jpg"), "face.jpg"),
        (("script.txt", "--cast", "anna=face.jpg,face.jpg", "-o", "scene.txt"), "scene.txt"),
        (("script.txt", "--cast", "anna=face.jpg,face.jpg", "--seed", "-1"), "seed"),
        (("script.txt", "--cast", "anna=face.jpg,face.jpg", "--size", "3"), "size"),
        (("script.txt", "--cast", "anna=face.jpg,face.jpg", "--fps", "26"), "26"),
        (("script.txt", "--cast", "anna=face.jpg,face.jpg", "--backbone", "nosuch"), "nosuch"),
        (("script.txt", "--cast", "anna=face.jpg,face.jpg"), "face.jpg"),
    ],
)
def test_the_command_refuses_in_one_line(
    tmp_path: Path,
    hopper: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.txt").write_text("ANNA: I lost my dog.\n")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "face.jpg").write_bytes(hopper.read_bytes())
    before = names(tmp_path)
    assert dicetalk("dialogue", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1 and message in err
    assert names(tmp_path) == before


def test_voices_feel_what_is_planned(tmp_path: Path, cast: list[Player], talk: DiceTalk) -> None:
    look = Look(size=64, voice_emotion="same")
    output = tmp_path / "felt.mp4"
    film = make_film(PLAN, cast, output, look=look, talk=talk)
    emotions = [[change.emotion for change in line] for line in film.changes]
    assert emotions == [["sad"], ["happy"], ["happy"]]
    assert film.warnings[-1] == "the voice was changed in 3 of 3 lines"
    lengths = [moment.end - moment.start for moment in film.moments]
    assert lengths != pytest.approx([0.4] * 3, abs=0.01) and len(read_sound(output).waveform) > 0
    assert film.to_json()["voices"][1][0]["asked"] == 0.9
    assert (verify(output, None).origin or {})["changed_voice"] == "sad 0.80, happy 0.50; happy 0.90"
    with pytest.raises(EmotionError, match="the voice's emotion"):
        make_film(PLAN, cast, output, look=Look(size=64, voice_emotion="hapy"), talk=talk)
