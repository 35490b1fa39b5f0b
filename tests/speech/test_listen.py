import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import SHARED

from dicetalk.media import read_sound
from dicetalk.rates import FPS, SPEECH_RATE
from dicetalk.speech import SILENCE, Phone, Speech, listen, listen_blocks
from dicetalk.speech.listen import MARGIN

SPEECH = SHARED / "data/speech"
ROWS = ("loudness", "pitch", "voicing", "log_mel", "silence")


def tone(hertz, seconds, amplitude=8000, harmonics=1):
    time = np.arange(round(seconds * SPEECH_RATE)) / SPEECH_RATE
    wave = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, harmonics + 1))
    return (amplitude * wave / np.abs(wave).max()).astype(np.int16)


def noise(seconds, amplitude, seed=0):
    random = np.random.default_rng(seed)
    return (amplitude * random.standard_normal(round(seconds * SPEECH_RATE))).astype(np.int16)


def speechlike(seconds, seed=0):
    """Buzzing syllables of 0.2 s with changing pitch and short gaps."""
    random = np.random.default_rng(seed)
    syllables = [
        np.concatenate([tone(random.uniform(90, 200), 0.2, 9000, harmonics=12), noise(0.06, 40, seed + i)])
        for i in range(round(seconds / 0.26) + 1)
    ]
    return np.concatenate(syllables)[: round(seconds * SPEECH_RATE)]


def real(name):
    if not (SPEECH / name).exists():
        pytest.skip("shared speech is not on this machine")
    return read_sound(SPEECH / name).waveform


def assert_tiled(speech):
    """Phones cover all rows without gaps."""
    assert speech.phones[0].start == pytest.approx(speech.first / FPS)
    assert speech.phones[-1].end == pytest.approx((speech.first + speech.frames) / FPS)
    for before, after in zip(speech.phones, speech.phones[1:], strict=False):
        assert before.end == pytest.approx(after.start)
        assert before.start < before.end


@pytest.mark.parametrize("samples", [1, 639, 640, 641, 3200, 16001])
def test_one_row_per_640_samples_begun(samples):
    speech = listen(noise(2, 500)[:samples])
    assert speech.first == 0
    assert speech.frames == -(-samples // 640)
    assert speech.log_mel.shape == (speech.frames, 80)
    assert all(len(getattr(speech, name)) == speech.frames for name in ROWS)
    assert_tiled(speech)
    np.testing.assert_allclose(speech.times, (np.arange(speech.frames) + 0.5) / 25)


def test_types_and_ranges():
    speech = listen(np.concatenate([speechlike(2), noise(1, 3)]))
    for name in ("loudness", "pitch", "voicing", "log_mel"):
        assert getattr(speech, name).dtype == np.float32
        assert np.isfinite(getattr(speech, name)).all()
    assert speech.silence.dtype == bool
    assert speech.loudness.min() >= 0
    assert speech.loudness.max() <= 1.5
    assert speech.voicing.min() >= 0
    assert speech.voicing.max() <= 1
    assert ((speech.pitch == 0) | ((speech.pitch >= 60) & (speech.pitch <= 500))).all()


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 2 * SPEECH_RATE), st.floats(0.4, 3))
def test_trimmed_blocks_cover_the_clip_once(samples, block_s):
    blocks = list(listen_blocks(speechlike(2)[:samples], block_s))
    expected = 0
    for block in blocks:
        assert block.margin == MARGIN
        assert block.first == expected - MARGIN
        assert_tiled(block)
        inner = block.trimmed()
        assert (inner.first, inner.margin, inner.frames) == (expected, 0, block.frames - 2 * MARGIN)
        assert_tiled(inner)
        expected += inner.frames
    assert expected == -(-samples // 640)


def test_rows_do_not_depend_on_the_blocks():
    wave = speechlike(9)
    whole = next(listen_blocks(wave, block_s=60)).trimmed()
    parts = [block.trimmed() for block in listen_blocks(wave, block_s=2)]
    for name in ("loudness", "log_mel"):
        np.testing.assert_allclose(
            np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name), rtol=1e-4, atol=1e-4
        )


def test_margins_hold_what_the_neighbours_hold():
    first, second = list(listen_blocks(speechlike(6), block_s=3))[:2]
    margin = first.margin
    np.testing.assert_allclose(first.loudness[-margin:], second.loudness[margin : 2 * margin], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(first.log_mel[-margin:], second.log_mel[margin : 2 * margin], rtol=1e-4, atol=1e-3)


def test_outside_the_clip_is_silent():
    (block,) = listen_blocks(speechlike(2))
    for rows in (slice(0, 24), slice(-24, None)):
        assert block.silence[rows].all()
        assert not block.loudness[rows].any()
        assert not block.pitch[rows].any()
    assert block.phones[0].label == block.phones[-1].label == SILENCE


# ---- pitch


@pytest.mark.parametrize("hertz", [62, 80, 110, 170, 220, 330, 440, 495])
@pytest.mark.parametrize("harmonics", [1, 10])
def test_pitch_of_tones(hertz, harmonics):
    # A steady tone has no floor to tell it from: silence around it makes one.
    speech = listen(np.concatenate([noise(0.5, 2), tone(hertz, 1, harmonics=harmonics), noise(0.5, 2)]))
    middle = slice(14, 36)
    np.testing.assert_allclose(speech.pitch[middle], hertz, rtol=0.02)
    assert speech.voicing[middle].min() > 0.9


def test_pitch_without_fundamental():
    time = np.arange(SPEECH_RATE) / SPEECH_RATE
    wave = sum(np.sin(2 * np.pi * 120 * k * time) for k in (3, 4, 5, 6))
    np.testing.assert_allclose(listen((3000 * wave).astype(np.int16)).pitch[3:-3], 120, rtol=0.02)


def test_pitch_in_noise():
    wave = tone(150, 2, 8000, harmonics=10) + noise(2, 800)
    pitch = listen(wave).pitch[3:-3]
    assert (np.abs(pitch / 150 - 1) < 0.02).mean() > 0.9


def test_pitch_follows_a_glide():
    time = np.arange(2 * SPEECH_RATE) / SPEECH_RATE
    hertz = 100 * 2 ** (time / 2)
    phase = 2 * np.pi * np.cumsum(hertz) / SPEECH_RATE
    wave = (5000 * (np.sin(phase) + 0.6 * np.sin(2 * phase))).astype(np.int16)
    speech = listen(wave)
    expected = 100 * 2 ** (speech.times / 2)
    np.testing.assert_allclose(speech.pitch[3:-3], expected[3:-3], rtol=0.02)


def test_noise_has_no_pitch():
    assert (listen(noise(2, 2000)).pitch > 0).mean() < 0.05


# ---- loudness and silence


def test_loudness_does_not_depend_on_the_recording_level():
    wave = speechlike(3)
    loud, quiet = listen(wave), listen((wave / 20).astype(np.int16))
    np.testing.assert_allclose(quiet.loudness, loud.loudness, atol=0.05)
    assert 0.7 < np.percentile(loud.loudness, 90) < 1.2


def test_loudness_ignores_a_constant_offset():
    wave = speechlike(3)
    np.testing.assert_allclose(listen(wave + np.int16(3000)).loudness, listen(wave).loudness, atol=0.02)


@pytest.mark.parametrize("floor", [0, 3, 60, 600])
def test_pauses_are_found_over_any_noise_floor(floor):
    wave = np.concatenate([speechlike(1.5), np.zeros(SPEECH_RATE // 2, np.int16), speechlike(1.5, 7)])
    speech = listen(wave + noise(3.5, floor))
    times = speech.times
    assert speech.silence[(times > 1.57) & (times < 1.93)].all()
    assert speech.silence[(times < 1.45) | (times > 2.05)].mean() < 0.1


def test_pauses_beside_stretches_of_digital_silence():
    gap, room = np.zeros(SPEECH_RATE, np.int16), noise(1, 60)
    speech = listen(np.concatenate([gap, speechlike(2) + noise(2, 60), room, speechlike(2, 3) + noise(2, 60), gap]))
    times = speech.times
    assert speech.silence[(times > 3.1) & (times < 3.9)].all()
    assert speech.silence[(times < 0.9) | (times > 6.1)].all()
    assert speech.silence[(times > 1.1) & (times < 2.9)].mean() < 0.1


def test_short_gaps_are_no_pauses():
    def after_gap(seconds):
        wave = np.concatenate([tone(120, 1, 8000, 9), noise(seconds, 2), tone(120, 1, 8000, 9), noise(0.5, 2)])
        return listen(wave).silence[:48]

    assert not after_gap(0.07).any()
    assert after_gap(0.24).any()


def test_clicks_do_not_end_a_pause():
    wave = np.concatenate([tone(120, 1, 8000, 9), noise(1, 2), tone(120, 1, 8000, 9)])
    wave[24000:24080] = 9000
    assert listen(wave).silence[28:47].all()


def test_clipped_speech_keeps_its_pauses():
    wave = np.concatenate([speechlike(1), noise(0.5, 3), speechlike(1)])
    clipped = np.clip(wave.astype(np.int32) * 30, -32768, 32767).astype(np.int16)
    np.testing.assert_array_equal(listen(clipped).silence[27:35], True)
    assert listen(clipped).silence[:24].mean() < 0.1


def test_a_clip_of_zeros_is_silent():
    speech = listen(np.zeros(SPEECH_RATE, np.int16))
    assert speech.silence.all()
    assert not speech.loudness.any()
    assert speech.phones == (Phone(SILENCE, 0.0, 1.0),)


def test_mel_band_of_a_tone():
    rows = listen(tone(1000, 0.5, 32767)).log_mel[3:-3]
    mel = np.linspace(*(2595 * np.log10(1 + np.array([50, 7600]) / 700)), 82)[1:-1]
    nearest = np.abs(700 * (10 ** (mel / 2595) - 1) - 1000).argmin()
    assert (np.abs(rows.argmax(axis=1) - nearest) <= 1).all()
    assert rows.min() >= np.log(1e-10) - 1e-4


# ---- real speech


def test_phones_of_real_speech():
    speech = listen(real("RD_Radio31_000.wav"))
    labels = {phone.label for phone in speech.phones}
    assert_tiled(speech)
    assert len(labels) > 20
    assert all(label.isalpha() and label.isupper() for label in labels)
    assert 6 < len(speech.phones) / 8 < 16
    lengths = [phone.end - phone.start for phone in speech.phones if phone.label != SILENCE]
    assert min(lengths) >= 0.02
    assert np.percentile(lengths, 95) < 0.3


def test_no_phone_within_a_pause():
    speech = listen(real("acknowledgement_english.m4a"))
    for phone in speech.phones:
        inside = (speech.times > phone.start + 0.04) & (speech.times < phone.end - 0.04)
        if phone.label != SILENCE:
            assert not speech.silence[inside].any()


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("acknowledgement_english.m4a", 85, 160), ("German1.wav", 180, 290), ("imagine.wav", 230, 450)],
)
def test_pitch_of_real_voices(name, low, high):
    pitch = listen(real(name)).pitch
    assert ((pitch[pitch > 0] > low) & (pitch[pitch > 0] < high)).mean() > 0.9


@pytest.mark.parametrize("name", ["noisy_audio_meeting_snr_10.wav", "chinese_news.wav", "eng.wav", "japan1.wav"])
def test_pauses_of_real_speech(name):
    speech = listen(real(name))
    assert 0.05 < speech.silence.mean() < 0.5
    assert speech.loudness[speech.silence].mean() < 0.5 * speech.loudness[~speech.silence].mean()


def test_listening_twice_is_the_same():
    wave = real("spanish1.wav")
    one, two = listen(wave), listen(wave)
    assert isinstance(one, Speech)
    assert one.phones == two.phones
    for name in ROWS:
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
