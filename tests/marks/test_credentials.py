"""Content credentials, by the library that others read them with."""

from __future__ import annotations

import json
import os
import random
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from marks_made import CONSENT, ORIGIN, marked
from PIL import Image
from places import TESTS

import dicetalk
from dicetalk.errors import ConfigError, MediaError
from dicetalk.marks.credentials import STORE
from dicetalk.marks.key import FILE, NAME, development_key, folder
from dicetalk.marks.marks import PICTURES, Marks
from dicetalk.marks.origin import SOURCE_TYPE
from dicetalk.marks.verdict import verify
from dicetalk.media import read_video

SIGNED = Marks(which="signed", consent=CONSENT)
NAMES = ("out.mp4", "out.m4v", "out.mov", "f_%03d.png", "sheet.png", "sheet.jpg")
BESIDE = ("out.webm", "out.c2pa")


@pytest.mark.parametrize("name", [*NAMES, BESIDE[0]])
def test_what_is_signed_is_intact(name: str, tmp_path: Path) -> None:
    path = marked(tmp_path / name, SIGNED)
    found = verify(path)
    assert (found.state, found.signed, found.trusted, found.signer) == ("intact", True, False, NAME)
    assert found.origin == ORIGIN.to_json() | {"consent": CONSENT} and found.tool == "DiceTalk 0.1.0"
    if path.suffix in PICTURES:
        Image.open(path).load()
    else:
        assert len(list(read_video(path))) == 12
        assert sorted(file.name for file in tmp_path.iterdir()) == sorted(BESIDE if name in BESIDE else [name])


def test_credentials_beside_a_file_are_those_that_others_look_for(tmp_path: Path) -> None:
    path = marked(tmp_path / BESIDE[0], SIGNED)
    with path.open("rb") as file, c2pa.Reader("video/webm", file, (tmp_path / BESIDE[1]).read_bytes()) as reader:
        assert reader.get_validation_state() == "Valid"


def test_a_file_alone_tells_that_its_credentials_are_elsewhere(tmp_path: Path) -> None:
    path = marked(tmp_path / BESIDE[0], SIGNED)
    path = path.rename(tmp_path / "moved.webm")
    found = verify(path)
    assert (found.state, found.signed) == ("intact", False) and "moved.c2pa, is not beside it" in found.why
    assert found.origin == ORIGIN.to_json() | {"consent": CONSENT}
    path.write_bytes(path.read_bytes() + b"more")
    assert verify(path).state == "changed"


def test_credentials_of_another_file_beside_it_show(tmp_path: Path) -> None:
    path = marked(tmp_path / BESIDE[0], SIGNED)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert verify(path).state == "changed"
    path.write_bytes(marked(tmp_path / "bare.webm", Marks(which="none")).read_bytes())
    assert verify(path).state == "changed"
    (tmp_path / BESIDE[1]).write_bytes(b"nonsense")
    path.write_bytes(data)
    assert verify(path).state == "changed"


def test_credentials_that_an_earlier_video_left_are_not_those_of_this_one(tmp_path: Path) -> None:
    marked(tmp_path / BESIDE[0], SIGNED)
    found = verify(marked(tmp_path / BESIDE[0], Marks(which="plain")))
    assert (found.state, found.signed) == ("intact", False)


def test_where_credentials_cannot_lie_is_told_before_any_work(tmp_path: Path) -> None:
    (tmp_path / BESIDE[1]).mkdir()
    with pytest.raises(MediaError, match="is a folder"):
        SIGNED.stamp(tmp_path / BESIDE[0], ORIGIN)


def test_transparent_video_is_signed(tmp_path: Path) -> None:
    assert verify(marked(tmp_path / "out.mov", Marks(), alpha=True)).signed


def test_what_is_signed_is_the_usual(tmp_path: Path) -> None:
    assert all(verify(marked(tmp_path / name, Marks())).signed for name in (*NAMES, BESIDE[0]))


def test_others_read_that_it_was_generated(tmp_path: Path) -> None:
    with c2pa.Reader(marked(tmp_path / "out.mp4", SIGNED)) as reader:
        told = json.loads(reader.json())
    assertions = {one["label"]: one["data"] for one in told["manifests"][told["active_manifest"]]["assertions"]}
    action = assertions["c2pa.actions.v2"]["actions"][0]
    assert (action["action"], action["digitalSourceType"]) == ("c2pa.created", SOURCE_TYPE)


@pytest.mark.parametrize("name", NAMES)
def test_any_byte_that_changes_shows(name: str, tmp_path: Path) -> None:
    path = marked(tmp_path / name, SIGNED)
    data, places = path.read_bytes(), random.Random(0)
    for place in [*(places.randrange(40, len(data)) for _ in range(20)), len(data) - 1]:
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        # what a signature is wrapped in (padding, the word for "no content") is covered by nothing, and says nothing
        assert verify(path).state == "changed" or data[place] in (0, 0xF6), place


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.999])
def test_what_is_cut_shows(share: float, tmp_path: Path) -> None:
    path = marked(tmp_path / "out.mp4", SIGNED)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert verify(path).state == "changed"


def test_credentials_that_were_taken_off_are_missed(tmp_path: Path) -> None:
    path = marked(tmp_path / "out.mp4", SIGNED)
    data = path.read_bytes()
    path.write_bytes(data.replace(STORE, bytes(16)))
    assert verify(path).state == "changed"
    begin = data.index(STORE)
    begin = data.rindex(b"uuid", 0, begin) - 4
    path.write_bytes(data[:begin] + data[begin + int.from_bytes(data[begin : begin + 4]) :])
    found = verify(path)
    assert (found.state, found.why) == ("changed", "the content credentials that it had are gone")


def test_a_mark_of_another_file_does_not_fit(tmp_path: Path) -> None:
    path, other = marked(tmp_path / "out.mp4", SIGNED), marked(tmp_path / "other.mov", SIGNED)
    mark = other.read_bytes()
    begin = mark.rindex(b"uuid", 0, mark.index(STORE)) - 4
    path.write_bytes(marked(path, Marks(which="none")).read_bytes() + mark[begin:][: int.from_bytes(mark[begin:][:4])])
    assert verify(path).state == "changed"


def test_nothing_is_asked_of_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        plain, path = marked(tmp_path / "plain.mp4", Marks(which="none")), tmp_path / "far.mp4"
        key = development_key()
        with (
            c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", key.certificates, key.private, None)) as signer,
            c2pa.Builder({"claim_generator_info": [{"name": "x"}], "assertions": []}) as builder,
        ):
            builder.set_intent(c2pa.C2paBuilderIntent.CREATE, c2pa.C2paDigitalSourceType.DIGITAL_CREATION)
            builder.set_no_embed()
            builder.set_remote_url(f"http://127.0.0.1:{server.getsockname()[1]}/manifest.c2pa")
            with plain.open("rb") as source, path.open("w+b") as target:
                builder.sign(signer, "video/mp4", source, target)
        path.write_bytes(path.read_bytes() + STORE)
        assert verify(path).state in ("unmarked", "changed")
        with pytest.raises(TimeoutError):
            server.accept()


def test_the_key_is_kept_for_its_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    made = development_key()
    assert made == development_key() and "PRIVATE" not in repr(made)
    if sys.platform == "linux":
        assert stat.S_IMODE((folder() / FILE).stat().st_mode) == 0o600
        assert stat.S_IMODE(folder().stat().st_mode) == 0o700
        assert [file.name for file in folder().iterdir()] == [FILE]


def test_a_key_that_cannot_be_kept_or_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match="cannot be kept"):
        Marks(which="signed").stamp(tmp_path / "out.mp4", ORIGIN)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder().mkdir()
    (folder() / FILE).write_text("nonsense")
    with pytest.raises(ConfigError, match="holds no signing key"):
        Marks(which="signed").stamp(tmp_path / "out.mp4", ORIGIN)


def own(
    folder: Path,
    key: CertificateIssuerPrivateKeyTypes,
    password: bytes | None = None,
    *,
    lasts: timedelta = timedelta(days=9),
    root: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None = None,
) -> tuple[Path, Path]:
    """A key in a file, and its certificate in another; its own, or that of a root."""
    pem = serialization.Encoding.PEM
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, lock))
    who = x509.Name([x509.NameAttribute(oid, "Ada") for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)])
    now, public = datetime.now(UTC), key.public_key()
    voucher, voucher_key = root or (who, key)
    number, since = x509.random_serial_number(), now - timedelta(minutes=1)
    made = x509.CertificateBuilder(voucher, who, public, number, since, now + lasts)
    made = made.add_extension(x509.BasicConstraints(False, None), True)
    made = made.add_extension(x509.KeyUsage(True, *[False] * 8), True)
    made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(voucher_key.public_key()), False)
    digest = None if isinstance(voucher_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    (folder / "cert.pem").write_bytes(made.sign(voucher_key, digest).public_bytes(pem))
    return folder / "key.pem", folder / "cert.pem"


KEYS: dict[str, Callable[[], CertificateIssuerPrivateKeyTypes]] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_of_ones_own_signs(kind: str, tmp_path: Path) -> None:
    key, certificate = own(tmp_path, KEYS[kind]())
    found = verify(marked(tmp_path / "out.mp4", Marks(key=key, certificate=certificate)))
    assert (found.state, found.signer) == ("intact", "Ada")


def test_a_key_that_cannot_sign_is_told(tmp_path: Path) -> None:
    key, certificate = own(tmp_path, KEYS["P-256"](), b"secret")
    with pytest.raises(ConfigError, match="without a password"):
        Marks(key=key, certificate=certificate).signing_key()
    with pytest.raises(ConfigError, match="no certificates"):
        Marks(key=own(tmp_path, KEYS["P-256"]())[0], certificate=key).signing_key()
    (tmp_path / "b").mkdir()
    _, others = own(tmp_path / "b", KEYS["P-256"]())
    with pytest.raises(ConfigError, match="is not that of"):
        Marks(key=key, certificate=others).signing_key()
    key, certificate = own(tmp_path, ec.generate_private_key(ec.SECP256K1()))
    with pytest.raises(ConfigError, match="C2PA does not take"):
        Marks(key=key, certificate=certificate).signing_key()


MEMORY = """
import resource, sys
from pathlib import Path
from marks_made import ORIGIN
from dicetalk.marks.marks import Marks
import c2pa

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

path = Path(sys.argv[1])
small, stamp = path.with_name("small.mp4"), Marks(which="signed").stamp(path, ORIGIN)
small.write_bytes(path.read_bytes())
stamp(small)
with path.open("ab") as file:
    file.write((96_000_008).to_bytes(4) + b"mdat" + bytes(96_000_000))
before = most()
stamp(path)
print(most() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is told in another unit")
def test_a_long_video_is_signed_without_taking_it_into_memory(tmp_path: Path) -> None:
    path = marked(tmp_path / "out.mp4", Marks(which="none"))
    folders = os.pathsep.join((str(TESTS), str(Path(dicetalk.__file__).parents[1])))
    told = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path)],
        env={**os.environ, "PYTHONPATH": folders},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(told.stdout) < 40_000  # KB, of 96 MB
    assert verify(path).state == "intact"


def root(path: Path) -> tuple[x509.Name, ec.EllipticCurvePrivateKey]:
    """Somebody who vouches for others, whose certificate is in a file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, path.stem)])
    number, day = x509.random_serial_number(), timedelta(days=1)
    made = x509.CertificateBuilder(who, who, key.public_key(), number, now - day, now + day)
    made = made.add_extension(x509.BasicConstraints(True, None), True)
    made = made.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    path.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return who, key


@pytest.mark.parametrize("name", ["sheet.jpg", "out.webm"])
def test_who_is_trusted_is_for_the_reader_to_say(name: str, tmp_path: Path) -> None:
    ours, others, both = (tmp_path / f"{which}.pem" for which in ("ours", "others", "both"))
    key, certificate = own(tmp_path, KEYS["P-256"](), root=root(ours))
    root(others)
    both.write_bytes(b"# whom we trust\n" + others.read_bytes() + ours.read_bytes())
    path = marked(tmp_path / name, Marks(key=key, certificate=certificate))
    assert [verify(path, anchors).trusted for anchors in (None, ours, others, both)] == [False, True, False, True]
    assert {verify(path, anchors).state for anchors in (None, ours, others)} == {"intact"}
    with path.open("ab") as file:
        file.write(b"more")
    found = verify(path, ours)
    assert found.state == "changed" and not found.trusted


def test_a_key_that_vouches_for_itself_can_be_trusted(tmp_path: Path) -> None:
    anchors, path = tmp_path / "dev.pem", marked(tmp_path / "sheet.jpg", SIGNED)
    anchors.write_bytes(development_key().certificates)
    assert verify(path, anchors).trusted
    anchors.write_text("nobody")
    with pytest.raises(ConfigError, match="holds no certificates"):
        verify(path, anchors)


@pytest.mark.slow
def test_a_certificate_that_has_expired_changes_no_file(tmp_path: Path) -> None:
    key, certificate = own(tmp_path, KEYS["P-256"](), lasts=timedelta(seconds=2))
    path = marked(tmp_path / "sheet.jpg", Marks(key=key, certificate=certificate))
    time.sleep(3)
    found = verify(path)
    assert (found.state, found.trusted) == ("intact", False) and "signingCredential.expired" in found.why
    path.write_bytes(path.read_bytes() + b"more")
    assert verify(path).state == "changed"
