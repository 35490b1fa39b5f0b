"""The contact sheet: one page that shows every video of a batch, and why others failed."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from dicetalk.arrays import Picture
from dicetalk.files import whole
from dicetalk.media import read_picture, read_video
from dicetalk.media.frames import is_numbered, numbered_in
from dicetalk.media.sheet import spread

if TYPE_CHECKING:
    from dicetalk.batch.work import Outcome

CELLS = 4
"""Frames that are shown of a video."""
CELL = 160
"""Longest side of them [px]."""
HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="script-src 'none'; object-src 'none'; base-uri 'none'">
<title>Videos</title>
<style>
:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif }
body { margin: 1.5rem; display: grid; gap: 1rem }
body { grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)) }
h1, p { grid-column: 1 / -1; margin: 0 }
article { border: 1px solid #8888; border-radius: .5rem; padding: .75rem; overflow-wrap: anywhere }
article img { width: 100%; height: auto; border-radius: .25rem }
.failed { border-color: #c33 } .failed b { color: #c33 } .left { opacity: .6 }
</style>
</head>
<body>
<h1>Videos</h1>
"""


def few_frames(video: Path, frames: int) -> Picture:
    """Frames of a video that was written, spread over it, beside each other: (h, w, 3) uint8.

    Args:
        video: its file, or the name of numbered pictures.
        frames: how many it has.

    Raises:
        MediaError: it cannot be read.
    """
    wanted = spread(frames, CELLS)
    if is_numbered(video):
        files = list(numbered_in(video))
        step = max(1, max(read_picture(files[0]).shape[:2]) // CELL)
        return np.hstack([read_picture(files[number])[::step, ::step] for number in wanted])
    return np.hstack([frame for number, frame in enumerate(read_video(video, most=CELL)) if number in wanted])


def write_page(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write the page, whole or not at all; its links are relative to where it stands.

    Raises:
        MediaError: it cannot be written.
    """
    with whole(path) as hidden:
        hidden.write_text("".join(_page(path.parent, outcomes)), encoding="utf-8")


def _page(folder: Path, outcomes: Sequence[Outcome]) -> Iterator[str]:
    counts = {state: sum(one.state == state for one in outcomes) for state in ("made", "kept", "failed", "left")}
    yield HEAD
    yield f"<p>{', '.join(f'{count} {state}' for state, count in counts.items() if count)}</p>\n"
    for one in outcomes:
        yield f'<article class="{one.state}">\n{"".join(_card(folder, one))}</article>\n'
    yield "</body>\n</html>\n"


def _card(folder: Path, one: Outcome) -> Iterator[str]:
    name = f"row {one.row}"
    if one.job is not None:
        name += f": {_shown(one.job.output, folder)}"
    if one.state in ("made", "kept") and one.job is not None:
        link, picture = _link(one.job.output, folder), one.picture
        shown = f'<img src="{_link(picture, folder)}" alt="" loading="lazy"><br>' if picture else ""
        yield f'<a href="{link}">{shown}{html.escape(name)}</a><br>\n'
        yield html.escape(f"{one.told['emotion']}, {one.told['seconds']:.1f} s, seed {one.told['seed']}") + "\n"
        yield "".join(f"<br>warning: {html.escape(warning)}\n" for warning in one.told["warnings"])
        return
    yield f"<b>{one.state}</b> {html.escape(name)}<br>\n{html.escape(str(one.told.get('error', '')))}\n"


def _shown(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _link(path: Path, folder: Path) -> str:
    """A link to a file, or to the folder of numbered pictures."""
    return quote(_shown(path.parent if is_numbered(path) else path, folder) or ".")
