"""Manifests: whatever stands in them, a row is a job or one clear line, and never spoils another row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicetalk.batch.columns import columns
from dicetalk.batch.manifest import MOST_SIGNS, Row, read_manifest
from dicetalk.batch.places import Claims, place_in, placed
from dicetalk.cli.generate import generate
from dicetalk.errors import DiceTalkError, InputError
from dicetalk.jobs import Job

GOOD = '{"portrait": "face.jpg", "speech": "speech.wav"}'


def rows(folder: Path, content: str | bytes, name: str = "jobs.csv") -> list[Row]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_manifest(path)


def told(folder: Path, content: str | bytes, name: str = "jobs.csv") -> Any:
    """What the only row says."""
    (row,) = rows(folder, content, name)
    assert not isinstance(row.told, InputError), row.told
    return row.told


def refusal(folder: Path, line: str | bytes) -> str:
    """Why a line of JSON is no job, while the one behind it is."""
    data = line if isinstance(line, bytes) else line.encode()
    bad, good = rows(folder, data + b"\n" + GOOD.encode(), "jobs.jsonl")
    assert isinstance(bad.told, InputError) and not isinstance(good.told, InputError)
    assert len(str(bad.told)) < 2000 and "\n" not in str(bad.told)
    return str(bad.told)


# ---- what is understood


def test_the_columns_are_the_options_of_generate() -> None:
    options = {"output" if name == "output" else name for name in (option.name for option in generate.params)}
    assert {name.replace("speakers", "speaker") for name in options if name} - {
        "force",
        "as_json",
        "quiet",
        "help",
        "settings",  # a row is settings itself
    } == (set(columns()))


def test_a_table_and_objects_say_the_same(tmp_path: Path) -> None:
    table = (
        "Portrait,speech,--emotion,motion-out,seed,head,crop,quality,speaker,steps,emotion-scale,preset\n"
        'face.jpg,"a, b.wav",happy:0.5,c.csv,3,0.5,yes,30,1:left:happy; 2:right:sad,4,2.5,fast\n'
    )
    values = {
        "portrait": "face.jpg", "speech": "a, b.wav", "emotion": "happy:0.5", "motion_out": "c.csv", "seed": 3,
        "head": 0.5, "crop": True, "quality": 30.0, "speaker": ["1:left:happy", "2:right:sad"], "steps": 4,
        "emotion_scale": 2.5, "preset": "fast",
    }  # fmt: skip
    found = told(tmp_path, table)
    assert found == told(tmp_path, json.dumps(values), "jobs.jsonl")
    assert found["options"] == {"preset": "fast", "steps": 4, "emotion_scale": 2.5}
    job = Job.from_json(placed(tmp_path, found, "abc"))
    assert job.output == tmp_path / "face-a_b-abc.mp4" and job.speakers == ("1:left:happy", "2:right:sad")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfportrait,speech\r\nface.jpg,speech.wav\r\n",
        b"portrait;speech\nface.jpg;speech.wav;;\n;;\n\n",
        b"portrait\tspeech\rface.jpg\tspeech.wav",
        b"portrait,speech,emotion,seed\nface.jpg,speech.wav\n",
    ],
)
def test_tables_as_programs_write_them(tmp_path: Path, content: bytes) -> None:
    assert told(tmp_path, content) == {"portrait": "face.jpg", "speech": "speech.wav"}


# ---- what is refused as a whole


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"\n \n", "no job in it"),
        (b"portrait,speech\n", "no job in it"),
        ("portrait\nx.png".encode("utf-16"), "no UTF-8 text"),
        ("portrait\nx.png".encode("utf-16-le"), "no UTF-8 text"),
        (b"portrait,\xe4,speech\na,b,c", "no UTF-8 text at character 10"),
        (b"portrait,speech,speech\na,b,c", "'speech' is there twice"),
        (b"motion-in,motion_in\na,b", "'motion_in' is there twice"),
        (b"portrait,emotoin\na,b", "is 'emotion' meant"),
        (b"portrait,force\na,b", "no option of a job"),
        (b"portrait,options\na,b", "no option of a job"),
        (b"portrait,,speech\na,b,c", "'' is no option"),
        (b'portrait,"speech\na,b', "no row of a CSV table"),
        (b"x" * (MOST_SIGNS + 1) + b"\na", "100001 characters"),
    ],
)
def test_a_head_that_cannot_be_used(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(DiceTalkError, match=why) as caught:
        rows(tmp_path, content)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 2000


@pytest.mark.parametrize("name", ["jobs.xlsx", "jobs", "jobs.json"])
def test_other_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"save it as .csv or .jsonl"):
        rows(tmp_path, "portrait\na", name)


# ---- what spoils one row


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'face.jpg,"speech.wav', "close its quotes"),
        (b'face.jpg,"sp"eech.wav', "close its quotes"),
        (b"face.jpg,speech.wav,1,2", "4 cells, expected at most 3"),
        (b"face.jpg,sp\xe4ech.wav", "no UTF-8 text at character 12"),
        (b"face.jpg,sp\0eech.wav", r"control character '\\x00'"),
        (b"face.jpg,sp\x1beech.wav", "control character"),
        (b"face.jpg,speech.wav,1.5", "seed is '1.5'"),
        (b"face.jpg,speech.wav," + b"9" * 5000, "seed is"),
        (b"face.jpg," + b"x" * 200_000, "200009 characters"),
    ],
)
def test_a_bad_row_between_good_ones(tmp_path: Path, line: bytes, why: str) -> None:
    good = b"face.jpg,speech.wav,1\n"
    before, bad, after = rows(tmp_path, b"portrait,speech,seed\n" + good + line + b"\n" + good)
    assert before.told == after.told and (before.number, bad.number, after.number) == (2, 3, 4)
    assert isinstance(bad.told, InputError)
    with pytest.raises(InputError, match=why):
        raise bad.told


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("[1]", "a list"),
        ('"face.jpg"', "text"),
        ("null", "null"),
        ("{", "no JSON"),
        ("NaN", "NaN is no number"),
        ('{"head": Infinity}', "Infinity is no number"),
        ('{"seed": ' + "9" * 9000 + "}", "number too long"),
        ("[" * 90_000, "nested too deep"),
        ('{"a":' * 15_000, "nested too deep"),
        ('{"portrait": ' + "[" * 300 + "]" * 300 + "}", "holds a list"),
        ('{"portrait": {"a": 1}}', "holds an object"),
        ('{"seed": 1, "seed": 2}', "twice"),
        ('{"motion-in": "a", "motion_in": "b"}', "twice"),
        ('{"portrait": "a\\u0000b"}', "control character"),
        ('{"portrait": "a\\ud800b"}', "no UTF-8"),
        ('{"' + "k" * 50_000 + '": 1}', "no option of a job"),
        (b'{"portrait": "\xff"}', "no UTF-8"),
        ('{"options": {}}', "no option of a job"),
    ],
)
def test_a_line_of_json_that_is_no_job(tmp_path: Path, line: str | bytes, why: str) -> None:
    assert why in refusal(tmp_path, line)


@pytest.mark.parametrize("value", ["1e999", '"7"', "true", "[]", "1.5"])
def test_values_of_another_type(tmp_path: Path, value: str) -> None:
    found = told(tmp_path, '{"portrait": "a.png", "speech": "b.wav", "seed": ' + value + "}", "jobs.jsonl")
    with pytest.raises(InputError, match="seed"):
        Job.from_json(placed(tmp_path, found, "abc"))


# ---- where outputs lie


@pytest.mark.parametrize(
    "name",
    [
        "../x.mp4", "/tmp/x.mp4", "a/../../x.mp4", "./x.mp4", "a//x.mp4", "", "/", "..", "C:\\x.mp4", "C:x.mp4",
        "..\\x.mp4", "\\\\host\\x.mp4", ".hidden.mp4", ".batch/x.mp4", "a/.b/x.mp4", "link/x.mp4", "ring/x.mp4",
        "../", "a/../b/",
    ],
)  # fmt: skip
def test_outputs_stay_in_the_folder(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "link").symlink_to(tmp_path)
    (out / "ring").symlink_to(out / "ring")
    with pytest.raises(InputError):
        place_in(out, name)


@pytest.mark.parametrize("name", ["x.mp4", "a/b/x.mp4", "frames/", "ünï cödé.mp4", "-x.mp4", "a..b.mp4"])
def test_names_of_all_kinds(tmp_path: Path, name: str) -> None:
    assert place_in(tmp_path, name) == f"{tmp_path}/{name}"


def test_nobody_writes_what_another_does(tmp_path: Path) -> None:
    claims = Claims(tmp_path)
    claims.take(2, [tmp_path / "a.mp4"])
    for name in ("a.mp4", "A.MP4", "report.csv", "Report.HTML"):
        with pytest.raises(InputError, match="is written by"):
            claims.take(3, [tmp_path / name])


# ---- anything at all


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_end_in_rows_or_one_line(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name, content in (("f.csv", b"portrait,speech,seed,crop\n" + data), ("f.csv", data), ("f.jsonl", data)):
        (folder / name).write_bytes(content)
        _understood(folder, folder / name)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=8), part, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*columns(), "--motion-in", "x"]), JSONS, max_size=5))
def test_any_values_end_in_a_job_or_one_line(tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any]) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "v.jsonl").write_text(json.dumps(values))
    _understood(folder, folder / "v.jsonl")


def _understood(folder: Path, manifest: Path) -> None:
    try:
        for row in read_manifest(manifest):
            if not isinstance(row.told, InputError):
                job = Job.from_json(placed(folder, row.told, "abc"))
                assert folder in job.output.parents
    except DiceTalkError as error:
        assert str(error) and "\n" not in str(error)
