"""Rules: speech features and an emotion -> facial motion. The teacher and the baseline of what is learned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from dicetalk.acting.eyes import Eyes
from dicetalk.acting.postures import manner, posture_pose, posture_shapes
from dicetalk.acting.take import Take, rehearse
from dicetalk.acting.visemes import articulate, gate
from dicetalk.amounts import AS_USUAL, Amounts
from dicetalk.arrays import Float64, Int64
from dicetalk.easing import gaussian_filter1d
from dicetalk.motion.basis import lip_parting
from dicetalk.motion.space import EYE_PITCH, EYE_YAW, MOUTH, Motion, index, look, look_at_camera
from dicetalk.rates import FPS
from dicetalk.speech import Speech
from dicetalk.speech.broad import BITING, CLOSED, SILENCE

NOD = 0.03
"""How far a stressed syllable nods the head [rad]."""

PITCH_LIFT = 0.15
"""How far the head rises with the voice [rad an octave]."""

STILLER = 0.65
"""How strong quick moves of the head are where there is no voice."""

STIRRING = 0.85
"""How much stronger they are where a voice is loud."""

REACH = np.array([0.2, 0.16, 0.12, 0.12, 0.16, 0.05])
"""How far the head never wanders [rad] and [inter-ocular distances]: a portrait turned further shows it."""

LISTENING = 20
"""Frames of silence before and after one in which somebody listens: within the margin of a block."""

AROUND_S = 0.5
"""Standard deviation of the stretch a voice's pitch is compared with [s]."""

BROW_FLASH = 0.22
"""How far stress raises the brows."""

PARTING = ("mouthFunnel", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
           "mouthShrugUpper", "tongueOut")  # fmt: skip
"""Shapes that part the lips, apart from the jaw."""

SPREADING = ("mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthDimpleLeft",
             "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight")  # fmt: skip
"""Shapes that pull the mouth wide, against rounding."""

HELD = 0.7
"""How much of an emotion's raised upper lip stays in a pause: the lower lip comes up to meet it."""

_HELD = [index("mouthUpperUpLeft"), index("mouthUpperUpRight")]
_JAW, _CLOSE = index("jawOpen"), index("mouthClose")
_PARTING = [index(name) for name in PARTING]
_LOWER = [index(name) for name in ("mouthLowerDownLeft", "mouthLowerDownRight", "mouthFunnel")]
_SPREADING = [index(name) for name in SPREADING]
_ROUNDING = [index("mouthPucker"), index("mouthFunnel")]


def perform(blocks: Iterable[Speech], emotion: Float64, seed: int, amounts: Amounts = AS_USUAL) -> Iterator[Motion]:
    """Act out a clip.

    Args:
        blocks: the clip's features, block by block as `speech.listen_blocks` gives them.
        emotion: (T, 8) weights over the vocabulary for each frame of the clip; rows sum to 1.
        seed: the take; the same seed gives the same motion.
        amounts: how much head, lids and eyes do.

    Yields:
        the motion of each block, without its margins.
    """
    take = rehearse(len(emotion), seed, amounts)
    for block in blocks:
        rows = np.clip(block.first + np.arange(block.frames), 0, len(emotion) - 1)
        motion = act(block, emotion[rows], _part(take, rows), amounts)
        yield motion[block.margin : len(motion) - block.margin]


def _part(take: Take, rows: Int64) -> Take:
    return Take(take.blink[rows], take.gaze[rows], take.sway[rows], take.stir[rows], take.breath[rows], take.nod[rows])


def act(speech: Speech, emotion: Float64, take: Take, amounts: Amounts = AS_USUAL) -> Motion:
    """One stretch of motion: T rows of speech, emotion weights (T, 8) and a take of T frames."""
    mouth = _speaking_mouth(speech, emotion)
    felt = _felt(speech, emotion, take)
    shapes = _with_emotion(mouth, felt)
    _close_lips(shapes, felt, speech)
    stress = _stress(speech)
    pose = amounts.head * _head(speech, emotion, take, stress)
    _brows_and_eyes(shapes, take, amounts.head * stress, pose)
    if amounts.gaze == "camera":
        look_at_camera(shapes, pose)
    return Motion(shapes.astype(np.float32), pose.astype(np.float32)).clipped()


def _speaking_mouth(speech: Speech, emotion: Float64) -> Float64:
    """The lips' work (T, 52): visemes, with the jaw opened by loudness."""
    shapes = articulate(speech.phones)
    voice = gaussian_filter1d(speech.loudness.astype(np.float64), 1.0)
    effort = (0.55 + 0.55 * np.clip(voice, 0, 1.3)) * manner(emotion, "jaw")
    shapes[:, _JAW] *= effort
    shapes[:, _PARTING] *= np.minimum(0.6 + 0.5 * voice, 1.1)[:, None]
    return shapes


def _felt(speech: Speech, emotion: Float64, take: Take) -> Float64:
    """The emotion's posture (T, 52): brows, lids and nose hold it, the mouth's part grows with the voice."""
    voice = gaussian_filter1d(speech.loudness.astype(np.float64), 0.35 * FPS)
    felt = posture_shapes(emotion) * (1 + 0.05 * take.breath)[:, None]
    felt[:, MOUTH] *= (0.9 + 0.2 * np.clip(voice, 0, 1.2))[:, None]
    return np.asarray(felt)


def _with_emotion(mouth: Float64, felt: Float64) -> Float64:
    """Both together: rounded lips let go of a smile, and what speech and emotion both ask for is not asked twice."""
    rounding = np.clip(mouth[:, _ROUNDING].sum(1), 0, 1)
    felt = felt.copy()
    felt[:, _SPREADING] *= 1 - 0.4 * rounding[:, None]
    both = mouth + felt
    overlap = np.minimum(mouth, felt)
    both[:, MOUTH] -= 0.5 * overlap[:, MOUTH]
    return both


def _close_lips(shapes: Float64, felt: Float64, speech: Speech) -> None:
    """Shut lips for p, b, m and in pauses, lower lip to the teeth for f, v, whatever else is going on."""
    bilabial, pause = _reasons_to_shut(speech)
    biting = gate(speech.phones, (BITING,)) * (1 - bilabial)
    shut = np.maximum(bilabial, pause)
    # In a pause the jaw rests as well; within a word only the lips meet.
    shapes[:, _JAW] *= (1 - 0.75 * pause) * (1 - 0.35 * bilabial) * (1 - 0.55 * biting)
    shapes[:, _PARTING] *= (1 - shut)[:, None]
    still = (pause * (1 - bilabial))[:, None]
    shapes[:, _HELD] = np.maximum(shapes[:, _HELD], HELD * still * felt[:, _HELD])
    shapes[:, _CLOSE] = shut * lip_closing(shapes)
    bite(shapes, biting)


def bite(shapes: Float64, biting: Float64) -> None:
    """Let the lower lip of shapes (T, 52) come up to the teeth, as far (T,) as f or v asks for; changed in place."""
    shapes[:, _LOWER] *= (1 - 0.9 * biting)[:, None]


def _reasons_to_shut(speech: Speech) -> tuple[Float64, Float64]:
    """How far lips are shut (T,) for p, b, m; and for pauses."""
    pause = np.maximum(_pauses(speech), speech.silence * gate(speech.phones, (SILENCE,)))
    return gate(speech.phones, CLOSED), np.asarray(pause)


def lips_shut(speech: Speech) -> Float64:
    """How far lips are shut (T,), 0 to 1, whoever speaks."""
    return np.maximum(*_reasons_to_shut(speech))


def lip_closing(shapes: Float64) -> Float64:
    """The mouthClose (T,) that brings the lips together at every pair of points, whatever parts them: a wrinkled nose
    lifts the upper lip as well."""
    parting = lip_parting()
    return np.asarray(np.clip((shapes @ parting / -parting[_CLOSE]).max(1), 0, 1))


def _pauses(speech: Speech) -> Float64:
    """Pauses (T,), with soft borders inside the pause: speech keeps its own frames."""
    inside = speech.silence.astype(np.float64)
    shrunk = np.minimum(inside, np.minimum(np.roll(inside, 1), np.roll(inside, -1)))
    return np.asarray(np.maximum(shrunk, 0.5 * inside))


def _stress(speech: Speech) -> Float64:
    """How much each frame is stressed (T,): louder and higher than what is around it."""
    voice = speech.loudness.astype(np.float64)
    louder = gaussian_filter1d(voice, 2.0) - gaussian_filter1d(voice, 12.0)
    higher = gaussian_filter1d(_pitch_offset(speech), 2.0)
    return np.asarray(np.clip(1.6 * louder + 0.8 * np.maximum(higher, 0), 0, 1))


def _pitch_offset(speech: Speech) -> Float64:
    """Voice pitch over what it was around [octaves] (T,), 0 where there is no voice."""
    voiced = (speech.pitch > 0).astype(np.float64)
    height = np.log2(np.where(voiced > 0, speech.pitch, 1.0))
    # Weighted by voicing, within the margin of a block: the same in whatever blocks a clip is heard.
    weight = gaussian_filter1d(voiced, AROUND_S * FPS, truncate=2.0) + 1e-9
    usual = gaussian_filter1d(voiced * height, AROUND_S * FPS, truncate=2.0) / weight
    return np.asarray(voiced * np.clip(height - usual, -1, 1))


def _head(speech: Speech, emotion: Float64, take: Take, stress: Float64) -> Float64:
    """Head pose (T, 6): the emotion's posture, nods with stress or in listening, a lift with the voice, wandering."""
    pose = posture_pose(emotion) + wander(speech, emotion, take)
    pose[:, 1] += NOD * gaussian_filter1d(stress, 2.5) - PITCH_LIFT * gaussian_filter1d(_pitch_offset(speech), 5.0)
    pose[:, 1] += take.nod * _listening(speech)
    return np.asarray(pose)


def wander(speech: Speech, emotion: Float64, take: Take) -> Float64:
    """The head's wandering (T, 6) [rad] and [inter-ocular distances]: it stirs with the voice, and rests with it."""
    voice = gaussian_filter1d(speech.loudness.astype(np.float64), 5.0)
    moves = take.sway + (STILLER + STIRRING * voice)[:, None] * take.stir
    return np.asarray(REACH * np.tanh(moves * manner(emotion, "restlessness")[:, None] / REACH))


def _listening(speech: Speech) -> Float64:
    """How far each frame (T,) lies within a long silence, 0 to 1: somebody else speaks."""
    around = sliding_window_view(np.pad(speech.silence, LISTENING, mode="edge"), 2 * LISTENING + 1)
    return gaussian_filter1d(np.asarray(around.all(1)), 2.0, truncate=2.0)


def _brows_and_eyes(shapes: Float64, take: Take, stress: Float64, pose: Float64) -> None:
    """Brow flashes, blinks, and eyes that stay on the camera while the head moves."""
    flash = BROW_FLASH * gaussian_filter1d(stress, 1.5)
    for name, share in (("browInnerUp", 0.7), ("browOuterUpLeft", 1.0), ("browOuterUpRight", 1.0)):
        # Brows that are drawn down do not flash up as well, and those that are up have little left to go.
        room = (1 - 0.8 * shapes[:, index("browDownLeft")]) * np.maximum(1 - shapes[:, index(name)], 0)
        shapes[:, index(name)] += share * flash * room
    keep_eyes(shapes, take, pose)


def keep_eyes(shapes: Float64, eyes: Eyes, pose: Float64) -> None:
    """Let the eyes of shapes (T, 52) keep to the camera while the head (T, 6) moves, but for glances; lids blink."""
    right = eyes.gaze[:, 0] - 0.7 * pose[:, 0] / EYE_YAW
    down = eyes.gaze[:, 1] - 0.7 * pose[:, 1] / EYE_PITCH
    shapes += look(right, down)
    for side in ("Left", "Right"):
        lid, wide = index("eyeBlink" + side), index("eyeWide" + side)
        shapes[:, wide] *= 1 - eyes.blink
        shapes[:, lid] = np.maximum(shapes[:, lid], eyes.blink)
