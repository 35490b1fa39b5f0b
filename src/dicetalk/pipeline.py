"""From files to a video: `load` a backbone, call it with a portrait, speech and an emotion, save or stream."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace as changed
from functools import partial
from typing import Literal

import numpy as np

from dicetalk.amounts import amounts_of
from dicetalk.arrays import Waveform
from dicetalk.backbone import (
    DEFAULT,
    DEFAULT_SIZE,
    KINDS,
    LIVE,
    Backbone,
    Conditions,
    Live,
    Saves,
    Sitting,
    Wanted,
    check_content,
    check_controls,
    check_seed,
    every,
    load_backbone,
)
from dicetalk.checks import function, truth
from dicetalk.emotion.road import EmotionTrack, track
from dicetalk.emotion.timeline import DEFAULT_FADE, Timeline
from dicetalk.errors import ConfigError, InputError, MediaError, about
from dicetalk.files import PathLike, path_of
from dicetalk.hub.fetch import local_folder
from dicetalk.live import LiveVideo, patience_of, sounds_of
from dicetalk.marks.origin import file_digest
from dicetalk.media import Picture, Sound, read_sound
from dicetalk.media.channel import Channel
from dicetalk.media.portions import Portion, Portions
from dicetalk.media.sound import saying
from dicetalk.motion.live_link import read_csv
from dicetalk.motion.resample import resampled
from dicetalk.motion.space import Motion, concatenate
from dicetalk.portrait.framing import check_size
from dicetalk.portrait.look import look_of, photo_of
from dicetalk.rates import FPS, SPEECH_RATE
from dicetalk.reading.stronger import as_strong_as as raised
from dicetalk.reading.stronger import check_as_strong_as
from dicetalk.sources.changing import Feelings, LiveEmotion
from dicetalk.sources.scheme import Emotion, source_of
from dicetalk.speakers import Speaker, check_speakers, speakers_of
from dicetalk.speech import Hearing
from dicetalk.speech.bleed import without_bleed
from dicetalk.video import Video
from dicetalk.voice.speaker import speak
from dicetalk.voice.strength import VoiceStrength
from dicetalk.voice.wanted import VoiceEmotion, check_voice


class DiceTalk:
    """A loaded backbone, ready to make videos."""

    def __init__(self, backbone: Backbone) -> None:
        """Wrap a backbone; most callers use `load`."""
        self.backbone = backbone

    def __call__(
        self,
        portrait: PathLike | Picture,
        speech: PathLike | Sound | None = None,
        *,
        emotion: Emotion = "neutral",
        as_strong_as: float | None = None,
        seed: int = 0,
        face: int | None = None,
        size: int = DEFAULT_SIZE,
        crop: bool = False,
        channel: Channel | None = None,
        anyway: bool = False,
        head: float = 1.0,
        blink: float = 1.0,
        gaze: Literal["free", "camera"] | None = None,
        fps: int = FPS,
        ease: bool = False,
        idle: float | None = None,
        motion_in: PathLike | Motion | None = None,
        speakers: Sequence[str | Speaker] = (),
        voice_emotion: VoiceEmotion | None = None,
    ) -> Video:
        """Prepare a video; it is drawn when it is streamed or saved.

        Args:
            portrait: a picture file, or (H, W, 3) uint8 RGB.
            speech: a sound file (or a video with sound), or a `Sound`; None where `idle` or `motion_in` is given.
            emotion: a `Feeling`, a `Timeline`, or text: "happy", "happy:0.7,surprised:0.3",
                "mine.safetensors:tender:0.5", the path of a timeline (.json), "auto" or "auto:3" (heard in the speech),
                "like:clip.mp4" (heard and seen in another recording), "scene:backdrop.jpg" (suggested by a
                picture); see `sources.scheme.source_of`.
            as_strong_as: raise what is too weak until this share of an audience, above 0 to 1, would name it with the
                sound off; see `reading.stronger`. None leaves it as asked.
            seed: which take.
            face: 1 is the leftmost face of the picture; None takes the largest.
            size: longest side of the frames [px]; larger pictures are scaled down; 0 keeps every size.
            crop: only the square around the face.
            channel: of the speech: "left", "right" or a number from 1; None mixes all of them.
            anyway: go on where the mouth or an eye is covered; what is hidden stays still.
            head: how far the head moves, 0 (held as in the portrait) to 1 (as usual).
            blink: how many of the usual blinks there are, 0 to 1.
            gaze: "free" with glances, or "camera"; None is free, and camera where `head` is 0.
            fps: frames a second, one of `rates.VIDEO_RATES`.
            ease: begin and end with the portrait as it is, so that clips join, and loop.
            idle: length of a clip without speech [s]: somebody who listens.
            motion_in: curves to play instead of acting: a Live Link Face CSV of any rate, or a `Motion`.
            speakers: several people of one picture, each with a face, a channel and an emotion: "1:left:happy",
                "2:right:sad", or `Speaker`s; while one is silent, that one listens.
            voice_emotion: move the voice towards an emotion before the lips are made from it: "same" as the face in one
                mood, "timeline" as the face moment by moment, or one of its own ("happy:0.8", a timeline). Faster
                speech is shorter, and the face's timeline goes along. None leaves the voice as it is.

        Raises:
            MediaError: a file cannot be read.
            NoFaceError: no face, fewer faces than `face`, or its mouth or an eye is covered.
            EmotionError: the emotion cannot be understood.
            CheckpointError: a file of own emotions is damaged.
            InputError: another argument is out of range, or there is neither speech, `idle` nor `motion_in`.
            ConfigError: the backbone cannot do it.
            MissingExtraError: a voice is to be changed, and the extra `voice` is not installed.
        """
        check_seed(seed)
        check_size(size)
        crop, ease, anyway = truth(crop, "crop"), truth(ease, "ease"), truth(anyway, "anyway")
        amounts = amounts_of(head, blink, gaze)
        share = check_as_strong_as(as_strong_as, motion=motion_in is not None)
        given, feels = motion_in is not None, not isinstance(emotion, str) or emotion != "neutral"
        check_content(speech=speech is not None, idle=idle, motion=given, feels=feels)
        check_controls(self.backbone.kind, amounts, fps, ease=ease, motion=given)
        who = speakers_of(speakers)
        told = {"face": face is not None, "channel": channel is not None, "crop": crop, "emotion": feels}
        check_speakers(who, told, speech=speech is not None, motion=given)
        voiced = check_voice(voice_emotion, speech=speech is not None, motion=given, speakers=bool(who))
        who = who or (Speaker(face, None, emotion),)
        sources = [source_of(speaker.emotion) for speaker in who]
        motion = None if motion_in is None else _given(motion_in, fps)
        sound = None if speech is None else _sound(speech, channel)
        voices = _voices(sound, who, idle or 0.0)
        said = None
        if voiced is not None and sound is not None:  # what is said, and when, is settled first
            with about("emotion"):
                felt = sources[0].feel(voices[0]) if share is None else raised(sources[0].feel(voices[0]), share)
            said = speak(sound, voiced.line(felt, sound.seconds), VoiceStrength.load())
            sources = [source_of(said.tempo.moved(felt))]
            if said.changed:
                sound = saying(sound, said.samples, said.rate)
                voices = [Hearing(sound.waveform)]
        if motion is None and KINDS[self.backbone.kind].moves:
            for voice in voices:  # beside the search for faces
                voice.begin()
        photo = photo_of(portrait)
        clear = photo if KINDS[self.backbone.kind].moves else changed(photo, cover=None)
        looks = [look_of(clear, speaker.face, anyway, size, crop) for speaker in who]
        with about("speakers" if speakers else "emotion"):
            heard = [source.feel(voice) for source, voice in zip(sources, voices, strict=True)]
        if share is not None:
            heard = [raised(feelings, share) for feelings in heard]
        first, *others = (
            Conditions(
                look.portrait, look.face, voice, _felt(feelings, voice), seed + number * OTHER_TAKE, amounts, fps, ease,
                motion, look.cover,
            )
            for number, (look, voice, feelings) in enumerate(zip(looks, voices, heard, strict=True))
        )  # fmt: skip
        told_of = [*(look.warnings for look in looks), *(feelings.warnings for feelings in heard)]
        doubts = [warning for warnings in told_of for warning in warnings]
        doubts += () if said is None else said.warnings
        warnings = tuple(dict.fromkeys([*photo.warnings, *(() if sound is None else sound.warnings), *doubts]))
        inputs, changes = _digests(portrait, sound), () if said is None else said.changes
        return Video(first, self.backbone, sound, heard[0], warnings, tuple(others), tuple(heard[1:]), inputs, changes)

    def live(
        self,
        portrait: PathLike | Picture,
        sounds: Iterable[Portion] | None = None,
        *,
        emotion: LiveEmotion = "neutral",
        as_strong_as: float | None = None,
        fade: float = DEFAULT_FADE,
        rate: int = SPEECH_RATE,
        patience: float | None = None,
        seed: int = 0,
        face: int | None = None,
        size: int = DEFAULT_SIZE,
        crop: bool = False,
        anyway: bool = False,
        head: float = 1.0,
        blink: float = 1.0,
        gaze: Literal["free", "camera"] | None = None,
        wanted: Wanted | None = None,
    ) -> LiveVideo:
        """Speak while it is spoken: `for frames in talk.live("face.png", microphone, emotion="happy"): ...`.

        The frames are those of a whole clip of the same sound (of 16 bit at 16 kHz), in which no echo was found.

        Args:
            portrait: a picture file, or (H, W, 3) uint8 RGB.
            sounds: `Portion`s of any length, as they come; None where they are handed on with `LiveVideo.hear`. One
                that is no sound is told when it comes.
            emotion: as for a whole clip, but no "auto"; or a function of the time in the clip [s], asked before frames
                are made. `LiveVideo.emotion` changes it on the way; `LiveVideo.warnings` tells
                what is doubtful about it then.
            as_strong_as: as for a whole clip; what `LiveVideo.emotion` asks for later is raised as well.
            fade: how long a change of emotion takes [s]; 0 for hard cuts.
            rate: samples a second of the sound [Hz].
            patience: how long to wait for sound before silence takes its place, so that frames go on [s], more than a
                portion lasts; None waits. With it `sounds` are taken in a thread of their own.
            seed, face, size, crop, anyway, head, blink, gaze: as for a whole clip.
            wanted: asked by its number whether a frame is to be drawn, right before that; one that is not is left out,
                for who is late. None draws all.

        Raises:
            ConfigError: the backbone cannot speak before it has heard everything.
            MediaError, NoFaceError, EmotionError, CheckpointError, InputError: as for a whole clip.
        """
        backbone = self.backbone
        if not isinstance(backbone, Live):
            raise ConfigError(
                f"the {backbone.kind} backbone hears all of the speech first; load {LIVE}, which speaks live"
            )
        check_seed(seed)
        check_size(size)
        function(wanted, "wanted")
        crop, anyway = truth(crop, "crop"), truth(anyway, "anyway")
        share = check_as_strong_as(as_strong_as, motion=False)
        amounts = amounts_of(head, blink, gaze)
        feelings = Feelings(emotion, fade, None if share is None else partial(raised, share=share))
        portions, patience, sounds = Portions(rate), patience_of(patience), sounds_of(sounds)
        photo = photo_of(portrait)
        look = look_of(changed(photo, cover=None), face, anyway, size, crop)
        seen = (*photo.warnings, *look.warnings)
        sitting = Sitting(
            portrait=look.portrait, face=look.face, felt=feelings, seed=seed, amounts=amounts,
            wanted=wanted or every,
        )  # fmt: skip
        speaking = backbone.speak(sitting)
        return LiveVideo(sitting, speaking, feelings, portions, sounds, patience, backbone.behind, seen)

    @classmethod
    def from_pretrained(cls, name: PathLike, options: object | None = None) -> DiceTalk:
        """A backbone out of a checkpoint's folder, or out of a repository on the Hugging Face hub.

        Args:
            name: a folder, of ours or as `save_pretrained` writes it; or "OWNER/NAME", which is fetched first unless
                the hub's own cache has it. No program of a repository is ever run.
            options: of the backbone, where it has any.

        Raises:
            CheckpointError, ConfigError, MissingExtraError: as `load`; or the repository cannot be fetched.
        """
        return load(local_folder(str(name)), options)

    def save_pretrained(self, folder: PathLike) -> None:
        """Write the backbone as diffusers keeps a pipeline: `model_index.json` and a folder a part.

        Raises:
            ConfigError: it is a backbone that is not kept so.
            CheckpointError: the folder holds something else.
            MediaError: a file cannot be written.
        """
        if not isinstance(self.backbone, Saves):
            raise ConfigError(f"the {self.backbone.kind} backbone is not saved in diffusers' manner; copy its folder")
        self.backbone.save_pretrained(path_of(folder.rstrip("/\\") if isinstance(folder, str) else folder))


OTHER_TAKE = 1_000_003
"""What is added to the seed for the next speaker: two people do not blink together."""


def _voices(sound: Sound | None, speakers: Sequence[Speaker], idle: float) -> list[Hearing]:
    """What each speaker says."""
    if sound is None:
        return [_silence(idle) for _ in speakers]
    waveforms = [_alone(sound, speaker.channel) for speaker in speakers]
    return [Hearing(waveform) for waveform in (without_bleed(waveforms) if len(waveforms) > 1 else waveforms)]


def _alone(sound: Sound, channel: Channel | None) -> Waveform:
    """One channel of a sound; None is all of it."""
    if channel is None:
        return sound.waveform.copy()
    try:
        return read_sound(sound.path, channel=channel).waveform
    except MediaError:  # all of it was read before: this one says nothing, and listens
        return np.zeros_like(sound.waveform)


def _felt(feelings: Timeline, voice: Hearing) -> EmotionTrack:
    return track(feelings, (np.arange(len(voice)) + 0.5) / FPS)


def _silence(seconds: float) -> Hearing:
    """What is heard by somebody who says nothing."""
    return Hearing(np.zeros(round(seconds * SPEECH_RATE), np.int16))


def _digests(portrait: PathLike | Picture, sound: Sound | None) -> dict[str, str]:
    """SHA-256 of what was given: of the files, or of the pixels of an array."""
    if isinstance(portrait, np.ndarray):
        seen = hashlib.sha256(portrait.tobytes()).hexdigest()
    else:
        seen = file_digest(path_of(portrait))
    return {"portrait": seen} | ({} if sound is None else {"speech": file_digest(sound.path)})


def _given(motion: PathLike | Motion, fps: int) -> Motion:
    """A motion to play, at a rate."""
    if not isinstance(motion, Motion):
        return read_csv(motion, fps)
    if not (len(motion) and np.isfinite(motion.shapes).all() and np.isfinite(motion.pose).all() and motion.fps > 0):
        raise InputError("the given motion has no frames, no frame rate, or numbers that are not finite")
    return concatenate(list(resampled([motion], fps, max(round(len(motion) * fps / motion.fps), 1))))


def _sound(speech: PathLike | Sound, channel: Channel | None) -> Sound:
    """The speech, one channel of it where that is asked for."""
    if isinstance(speech, Sound):
        return speech if channel is None else read_sound(speech.path, channel=channel)
    return read_sound(speech, channel=channel)


def load(name: str | os.PathLike[str] = DEFAULT, options: object | None = None) -> DiceTalk:
    """A backbone, ready to use.

    Args:
        name: "rules"; "motion"; "svd" (the checkpoint in the folder `dice-svd`); or a checkpoint's folder.
        options: of the backbone, where it has any.

    Raises:
        ConfigError: no such backbone, no such device, too little memory, or options of another backbone.
        CheckpointError: the folder holds no complete checkpoint.
        MissingExtraError: the backbone needs packages that are not installed.
    """
    return DiceTalk(load_backbone(name, options))
