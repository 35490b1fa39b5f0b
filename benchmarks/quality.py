"""Measure what a viewer should see, on our own output: lips, postures, and optionally an outside expression judge.

    python benchmarks/quality.py PORTRAIT... [--speech FILE] [--judge MODEL.hdf5] [--out benchmarks/results]

The judge is a Keras classifier of 64 x 64 grey faces over FER2013's seven classes (keras and h5py installed, and
KERAS_BACKEND=torch). Without portraits the demo's own is measured.
"""

from __future__ import annotations

import argparse
import datetime
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from readback import landmarks, lip_gap, posture

import dicetalk
from dicetalk import assets
from dicetalk.backbone import DEFAULT, Moves
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.media import Sound, read_sound
from dicetalk.motion.space import Motion, concatenate
from dicetalk.rates import SPEECH_RATE
from dicetalk.speech import Speech
from dicetalk.speech.broad import closures as closures_of
from dicetalk.video import Video

Array = npt.NDArray[np.float64]

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
JUDGED = ("neutral", "happy", "sad", "angry", "surprised", "fear", "disgusted")
FER_CLASSES = ("angry", "disgusted", "fear", "happy", "sad", "surprised", "neutral")
SIZE = 384
SECONDS = 5

MARKS: dict[str, tuple[tuple[str, int], ...]] = {
    "happy": (("smile width", 1), ("corner height", 1)),
    "sad": (("corner height", -1), ("inner brow height", 1)),
    "angry": (("inner brow height", -1), ("brow distance", -1)),
    "surprised": (("inner brow height", 1), ("outer brow height", 1), ("lid opening", 1)),
    "fear": (("inner brow height", 1), ("lid opening", 1), ("smile width", 1)),
    "disgusted": (("inner brow height", -1), ("lid opening", -1), ("upper lip to nose", -1)),
    "contempt": (("left corner over right", 1), ("lid opening", -1)),
}
"""What each emotion should do to the face, and in which direction."""


@dataclass(frozen=True)
class Take:
    """A rendered clip with what was commanded."""

    video: Video
    motion: Motion
    speech: Speech

    def frames(self, every: int = 1) -> Iterator[npt.NDArray[np.uint8]]:
        count = 0
        for chunk in self.video.stream():
            for frame in chunk:
                if count % every == 0:
                    yield frame
                count += 1


def beginning(path: Path) -> Sound:
    """The first `SECONDS` of a recording."""
    sound = read_sound(path)
    return replace(sound, waveform=sound.waveform[: SECONDS * SPEECH_RATE])


def act(talk: dicetalk.DiceTalk, portrait: Path, speech: Sound, emotion: str) -> Take:
    video = talk(portrait, speech, emotion=emotion, size=SIZE, crop=True)
    backbone = video.backbone
    assert isinstance(backbone, Moves)
    return Take(video, concatenate(list(backbone.act(video.conditions))), video.conditions.speech.whole())


def measure_lips(take: Take) -> dict[str, float]:
    gap = lip_gap(landmarks(take.frames()))
    closures = [(start + stop) // 8 for start, stop in closures_of(take.speech.phones)]
    pauses = _inside_pauses(take.speech.silence)
    return {
        "p/b/m closed (gap < 2 %)": float(np.mean(gap[closures] < 0.02)),
        "gap / command correlation": float(np.corrcoef(_commanded_gap(take.motion), gap)[0, 1]),
        "pauses closed (gap < 2 %)": float(np.mean(gap[pauses] < 0.02)) if pauses else float("nan"),
    }


def _commanded_gap(motion: Motion) -> Array:
    """How far the commanded shapes part the lips: each shape's own share, read off the shipped shapes at 13 and 14."""
    from dicetalk.motion.basis import face_shapes

    share = face_shapes()["delta"][:, 14, 1] - face_shapes()["delta"][:, 13, 1]
    return np.maximum(motion.shapes @ share, 0)


def _inside_pauses(silence: npt.NDArray[np.bool_]) -> list[int]:
    """Frames of pauses longer than 0.3 s, two frames away from their ends."""
    rows, start = [], None
    for i, quiet in enumerate([*silence.tolist(), False]):
        if quiet and start is None:
            start = i
        if not quiet and start is not None:
            rows += list(range(start + 2, i - 2)) if i - start > 0.3 * 25 else []
            start = None
    return rows


def measure_posture(render: Callable[[str], Take], emotion: str) -> dict[str, list[float]]:
    """Means of each mark over a clip, for every strength."""
    means: dict[str, list[float]] = {mark: [] for mark, _ in MARKS[emotion]}
    for strength in STRENGTHS:
        marks = posture(landmarks(render(f"{emotion}:{strength}").frames(every=5)))
        for mark, _ in MARKS[emotion]:
            means[mark].append(float(np.nanmean(marks[mark])))
    return means


def judge_faces(model: Path, faces: npt.NDArray[np.uint8]) -> Array:
    """Probabilities (N, 7) over `FER_CLASSES` for grey faces (N, 64, 64)."""
    import keras

    network = keras.models.load_model(model, compile=False)
    return np.asarray(network.predict((faces[..., None] / np.float32(255) - 0.5) * 2, verbose=0), np.float64)


def grey_faces(take: Take) -> list[npt.NDArray[np.uint8]]:
    """The face box x 1.1 of some frames, 64 x 64 grey, as the classifier was trained on."""
    left, top, right, bottom = take.video.conditions.face.box
    half = int(max(right - left, bottom - top) * 0.55)
    x, y = (left + right) // 2 + half, (top + bottom) // 2 + half
    faces = []
    for frame in take.frames(every=5):
        wide = cv2.copyMakeBorder(frame, half, half, half, half, cv2.BORDER_REPLICATE)
        face = cv2.cvtColor(wide[y - half : y + half, x - half : x + half], cv2.COLOR_RGB2GRAY)
        faces.append(np.asarray(cv2.resize(face, (64, 64), interpolation=cv2.INTER_AREA), np.uint8))
    return faces


def lips_table(talk: dicetalk.DiceTalk, portraits: list[Path], speech: Sound) -> list[str]:
    rows, names = [], []
    for portrait in portraits:
        for emotion in ("neutral", "happy", "angry"):
            result = measure_lips(act(talk, portrait, speech, emotion))
            names = list(result)
            rows.append([portrait.stem, emotion, *(f"{value:.3f}" for value in result.values())])
            print(*rows[-1], flush=True)
    return ["## Lips", "", *table(["portrait", "emotion", *names], rows)]


def posture_table(talk: dicetalk.DiceTalk, portraits: list[Path], speech: Sound) -> list[str]:
    rows = []
    for emotion, marks in MARKS.items():
        for portrait in portraits:
            means = measure_posture(lambda mood, p=portrait: act(talk, p, speech, mood), emotion)
            for mark, sign in marks:
                steps = sign * np.diff(means[mark])
                monotone = "yes" if np.all(steps > 0) else f"no ({int((steps > 0).sum())} of 4 steps)"
                rows.append([emotion, portrait.stem, mark, *(f"{v:+.3f}" for v in means[mark]), monotone])
                print(*rows[-1], flush=True)
    head = ["emotion", "portrait", "mark", *(f"at {s}" for s in STRENGTHS), "monotone"]
    good = sum(row[-1] == "yes" for row in rows)
    return ["## Postures", "", f"{good} of {len(rows)} monotone in strength.", "", *table(head, rows)]


def judge_table(talk: dicetalk.DiceTalk, portraits: list[Path], speech: Sound, model: Path) -> list[str]:
    faces, owners = [], []
    for portrait in portraits:
        for emotion in JUDGED:
            shown = grey_faces(act(talk, portrait, speech, emotion))
            faces += shown
            owners += [(portrait.stem, emotion)] * len(shown)
    probability = judge_faces(model, np.array(faces))
    confusion = np.zeros((len(JUDGED), len(FER_CLASSES)), int)
    for portrait in portraits:
        for row, emotion in enumerate(JUDGED):
            mine = [i for i, owner in enumerate(owners) if owner == (portrait.stem, emotion)]
            confusion[row, probability[mine].mean(0).argmax()] += 1
    right = sum(confusion[row, FER_CLASSES.index(emotion)] for row, emotion in enumerate(JUDGED))
    rows = [[emotion, *map(str, confusion[row])] for row, emotion in enumerate(JUDGED)]
    total = f"{right} of {confusion.sum()} read as intended ({right / confusion.sum():.0%})."
    print(total, flush=True)
    return [f"## Judge: {model.name}", "", total, "", *table(["asked for \\ read", *FER_CLASSES], rows)]


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", nargs="*", type=Path)
    parser.add_argument("--speech", type=Path, default=assets.speech())
    parser.add_argument("--backbone", default=DEFAULT, help="a name, or the folder of a checkpoint")
    parser.add_argument("--judge", type=Path)
    parser.add_argument("--only", choices=("lips", "postures", "judge"))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    portraits = options.portraits or [assets.portrait()]
    talk, speech = dicetalk.load(options.backbone), beginning(options.speech)
    today = datetime.date.today().isoformat()
    lines = [
        f"# Quality, {today}, {platform.machine()}",
        "",
        f"Portraits: {', '.join(p.stem for p in portraits)}",
    ]
    lines += [f"Speech: the first {SECONDS} s of {options.speech.name}. Frames of {SIZE} px, square crop, seed 0.", ""]
    if options.only in (None, "lips"):
        lines += [*lips_table(talk, portraits, speech), ""]
    if options.only in (None, "postures"):
        lines += [*posture_table(talk, portraits, speech), ""]
    if options.judge and options.only in (None, "judge"):
        lines += [*judge_table(talk, portraits, speech, options.judge), ""]
    target = options.out / f"{today}-quality{'-' + options.only if options.only else ''}.md"
    target.write_text("\n".join(lines))
    print(f"wrote {target}")


if __name__ == "__main__":
    assert set(MARKS) < set(NAMES)
    main()
