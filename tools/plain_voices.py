"""Make a corpus of plain speech: many languages and voices in which nothing is felt, to teach what neutral sounds like.

    apt-get install espeak-ng flite festival festvox-{kallpc16k,kdlpc16k,us-slt-hts,italp16k,itapc16k,ru} \\
        festvox-ca-ona-hts festvox-czech-{dita,krb,machac,ph} festvox-suopuhe-{lj,mv} \\
        asterisk-core-sounds-{en,es,fr,it,ru}-wav asterisk-prompt-{es-co,fr-armelle,it-menardi-wav}
    python tools/plain_voices.py plain/
    dicetalk prepare folder plain/ prepared/plain

Synthesised sentences (`plain_sentences.txt`), and announcements that people recorded for telephone exchanges. The
folder `plain/synthesised` alone is what virtual actors speak: no person's voice is in it.
"""

from __future__ import annotations

import csv
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

Sentence = tuple[str, str]
"""Language and text."""

VARIANTS = ("", *(f"+f{n}" for n in range(1, 6)), *(f"+m{n}" for n in range(1, 9)), "+klatt2", "+klatt3")
"""Voices of eSpeak NG."""
TO_A_SENTENCE = 3
ACCENTS = {"en": ("en-us", "en-gb", "en-gb-scotland"), "pt": ("pt", "pt-br"), "fr": ("fr-fr",)}
FLITE = ("kal16", "awb", "rms", "slt")
FESTIVAL = {
    "en": ("kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts"),
    "it": ("lp_diphone", "pc_diphone"),
    "es": ("lp_diphone",),
    "cs": ("czech_dita", "czech_krb", "czech_machac", "czech_ph"),
    "fi": ("hy_fi_mv_diphone", "suo_fi_lj_diphone"),
    "ru": ("msu_ru_nsh_clunits",),
    "ca": ("upc_ca_ona_hts",),
}
ENCODINGS = {"cs": "iso-8859-2", "fi": "iso-8859-15", "it": "iso-8859-1", "ca": "iso-8859-15", "es": "iso-8859-1"}
"""What those voices read; the others UTF-8."""

PROMPTS = Path("/usr/share/asterisk/sounds")
SPEAKERS = (
    *("en_US_f_Allison", "es", "es_MX_f_Allison", "fr", "fr_CA_f_June"),
    *("it_IT_f_Menardi", "it_IT_m_Carlo", "ru_RU_f_IvrvoiceRU"),
)
TO_A_SPEAKER = 40
LEAST_S = 2.2
BYTES_A_SECOND = {".wav": 16_000, ".gsm": 1_650}


def main() -> None:
    """Write the sounds and their table."""
    out = Path(sys.argv[1])
    (out / "synthesised").mkdir(parents=True, exist_ok=True)
    (out / "recorded").mkdir(exist_ok=True)
    rng = random.Random(0)
    text = Path(__file__).with_name("plain_sentences.txt").read_text(encoding="utf-8")
    sentences = [tuple(line.split("\t")) for line in text.splitlines() if line and not line.startswith("#")]
    rows = [*_spoken(out, sentences, rng), *_recorded(out, rng)]
    with (out / "clips.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("file", "identity", "emotion"), *rows])
    print(f"{out}: {len(rows)} sounds by {len({identity for _, identity, _ in rows})} voices")


def _spoken(out: Path, sentences: list[Sentence], rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """File, program and emotion of every sentence by some of the voices that read its language.

    A program counts as one speaker, so that batches of neutral speech are not of synthesised speech alone.
    """
    for number, (language, text) in enumerate(sentences):
        for place in range(TO_A_SENTENCE):
            variant = VARIANTS[(TO_A_SENTENCE * number + place) % len(VARIANTS)]
            file = f"synthesised/espeak{variant.replace('+', '_')}_{language}_{number:03d}.wav"
            spoken = rng.choice(ACCENTS.get(language, (language,))) + variant
            pace, pitch = str(rng.randint(130, 185)), str(rng.randint(35, 65))
            _run("espeak-ng", "-v", spoken, "-s", pace, "-p", pitch, "-w", str(out / file), text)
            yield file, "espeak", "neutral"
        for voice in FLITE if language == "en" else ():
            file = f"synthesised/flite_{voice}_{number:03d}.wav"
            _run("flite", "-voice", voice, "-t", text, "-o", str(out / file))
            yield file, "flite", "neutral"
        for voice in FESTIVAL.get(language, ()):
            file = f"synthesised/festival_{voice}_{language}_{number:03d}.wav"
            words = text.encode(ENCODINGS.get(language, "utf-8"), "ignore")
            _run("text2wave", "-eval", f"(voice_{voice})", "-o", str(out / file), words=words)
            yield file, "festival", "neutral"


def _recorded(out: Path, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """The same of announcements that last, by each speaker."""
    for speaker in SPEAKERS:
        files = [file for file in sorted((PROMPTS / speaker).iterdir()) if _lasts(file)]
        rng.shuffle(files)
        for file in files[:TO_A_SPEAKER]:
            name = f"recorded/{speaker}_{file.name}"
            shutil.copyfile(file, out / name)
            yield name, speaker, "neutral"


def _lasts(file: Path) -> bool:
    size = BYTES_A_SECOND.get(file.suffix)
    tone = "beep" in file.stem or "tone" in file.stem
    return size is not None and not tone and file.stat().st_size > LEAST_S * size


def _run(*command: str, words: bytes | None = None) -> None:
    subprocess.run(command, input=words, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
