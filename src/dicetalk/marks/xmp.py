"""XMP: what every video says of its origin, for any program that shows the properties of files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from dicetalk.marks.origin import SOURCE_TYPE

NAMESPACE = "urn:dicetalk:origin#"
BEGIN, END = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>', b'<?xpacket end="w"?>'
"""What packets begin and end with, in any file."""
TRACES = (NAMESPACE.encode(), b' dicetalk:seal="')
"""What is left of a packet of ours that is damaged."""
LONGEST = 65_536
"""Of a packet that is read [bytes]."""
UNSEALED = "0" * 64
"""In the place of a seal, before there is one."""
SIGNED = "signed"
"""In the place of a seal, where content credentials watch over the file."""

SIGNATURE = "signature"
"""Is told by the packet of a file whose credentials lie beside it."""
NUMBERS = ("seed",)


def packet(told: Mapping[str, Any], seal: str) -> bytes:
    """The packet of a file.

    Args:
        told: as `Origin.to_json`.
        seal: `UNSEALED`, `SIGNED` or a digest.
    """
    own = " ".join(f"dicetalk:{name}={quoteattr(str(value))}" for name, value in {**told, "seal": seal}.items())
    text = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        f'xmlns:dicetalk="{NAMESPACE}" xmp:CreatorTool="DiceTalk {told["version"]}" '
        f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}" {own}/></rdf:RDF></x:xmpmeta>'
    )
    return BEGIN + text.encode() + END


def packet_in(data: Any) -> tuple[int, bytes] | None:
    """Where the last packet of ours begins in what a file holds (bytes, or a map of them), and the packet."""
    place = data.rfind(NAMESPACE.encode())
    begin = data.rfind(BEGIN, max(0, place - LONGEST), place) if place >= 0 else -1
    end = data.find(END, place, begin + LONGEST) if begin >= 0 else -1
    return None if end < 0 else (begin, bytes(data[begin : end + len(END)]))


def read_packet(raw: bytes) -> dict[str, Any] | None:
    """What a packet tells, `seal` among it; None where it is damaged."""
    body = raw[len(BEGIN) : -len(END)]
    if b"<!" in body:  # no packet has declarations, and entities can grow without end
        return None
    try:
        root = ElementTree.fromstring(body.decode())
    except (ElementTree.ParseError, ValueError):
        return None
    ours = re.compile(rf"\{{{re.escape(NAMESPACE)}\}}(\w+)")
    found = {key[1]: value for node in root.iter() for name, value in node.items() if (key := ours.fullmatch(name))}
    if "seal" not in found or not all(found.get(name, "0").isdecimal() for name in NUMBERS):
        return None
    return {name: int(value[:40]) if name in NUMBERS else value for name, value in found.items()}
