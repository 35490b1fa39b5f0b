"""The contact sheet: one page that shows every video of a batch, and why others failed."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from dicetalk.arrays import Picture
from dicetalk.batch.places import REPORT
from dicetalk.files import whole
from dicetalk.media import read_picture, read_video
from dicetalk.media.frames import is_numbered, numbered_in
from dicetalk.media.sheet import spread

if TYPE_CHECKING:
    from dicetalk.batch.work import Outcome
    from dicetalk.jobs import Job

CELLS = 4
"""Frames that are shown of a video."""
STOPPED = "the batch was stopped; the same command goes on"
CELL = 160
"""Longest side of them [px]."""
HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="script-src 'none'; object-src 'none'; base-uri 'none'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; --bad: light-dark(#b3261e, #ff8a80) }}
body {{ margin: 0 auto; padding: 1.5rem; max-width: 90rem; background: light-dark(#f4f4f6, #161618) }}
h1 {{ font-size: 1.5rem; margin: 0 0 .25rem; overflow-wrap: anywhere }}
header p, .told {{ color: light-dark(#5b5b63, #a5a5ae) }} header p {{ margin: 0 }}
header b {{ color: light-dark(#1b1b1f, #ededf0) }} header b.failed, .failed h2 {{ color: var(--bad) }}
main {{ display: grid; gap: 1rem; margin-top: 1.25rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(26rem, 100%), 1fr)) }}
article {{ background: light-dark(#fff, #232327); border-radius: .6rem; overflow: hidden;
  box-shadow: 0 1px 3px #0003; overflow-wrap: anywhere }}
article.failed {{ border-left: 4px solid var(--bad) }} article.left {{ opacity: .7 }}
article a {{ display: block; color: inherit; text-decoration: none }}
article a:hover h2 {{ text-decoration: underline }}
article a:focus-visible {{ outline: 3px solid #4a7dff; outline-offset: -3px }}
article img {{ display: block; width: 100%; height: auto }}
h2 {{ font-size: 1rem; margin: .6rem .9rem 0 }}
article p {{ margin: .15rem .9rem }} article p:last-child {{ margin-bottom: .8rem }}
.row {{ float: right; font-weight: normal; opacity: .6 }} .warning::before {{ content: "\\26A0\\FE0E\\00A0" }}
</style>
</head>
<body>
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
    title = html.escape(folder.absolute().name or "Videos")
    yield HEAD.format(title=title)
    yield f'<header>\n<h1>{title}</h1>\n<p>{_counted(outcomes)}; <a href="{REPORT}">the table</a></p>\n</header>\n'
    yield "<main>\n"
    for one in outcomes:
        yield f'<article class="{one.state}">\n{"".join(_card(folder, one))}</article>\n'
    yield "</main>\n</body>\n</html>\n"


def _counted(outcomes: Sequence[Outcome]) -> str:
    counts = {state: sum(one.state == state for one in outcomes) for state in ("made", "kept", "failed", "left")}
    there = sum(one.told["seconds"] for one in outcomes if one.state in ("made", "kept"))
    told = [f'<b class="{state}">{count} {state}</b>' for state, count in counts.items() if count]
    return f"{', '.join(told)} of {len(outcomes)}; {there:.0f} s of video"


def _card(folder: Path, one: Outcome) -> Iterator[str]:
    name = "" if one.job is None else html.escape(_shown(one.job.output, folder))
    title = f'<h2><span class="row">row {one.row}</span>{name or "no job"}</h2>\n'
    if one.state in ("made", "kept") and one.job is not None:
        shown = f'<img src="{_link(one.picture, folder)}" alt="" loading="lazy">\n' if one.picture else ""
        yield f'<a href="{_link(one.job.output, folder)}">\n{shown}{title}</a>\n'
        yield f"<p>{html.escape(_felt(one.job))}</p>\n"
        yield f'<p class="told">{html.escape(_facts(one))}</p>\n'
        yield from (f'<p class="warning">{html.escape(warning)}</p>\n' for warning in one.told["warnings"])
        return
    yield f"{title}<p><b>{one.state}</b> {html.escape(str(one.told.get('error', STOPPED)))}</p>\n"


def _felt(job: Job) -> str:
    return "; ".join(job.speakers) or job.emotion


def _facts(one: Outcome) -> str:
    told, job = one.told, one.job
    assert job is not None
    inputs = [path.name for path in (job.portrait, job.speech, job.motion_in) if path is not None]
    size = f"{told['width']} × {told['height']}"
    return " · ".join([*inputs, f"{told['seconds']:.1f} s", size, f"seed {told['seed']}", one.state])


def _shown(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _link(path: Path, folder: Path) -> str:
    """A link to a file, or to the folder of numbered pictures."""
    return quote(_shown(path.parent if is_numbered(path) else path, folder) or ".")
