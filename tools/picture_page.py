"""Take the docs' pictures of the page: `python tools/picture_page.py docs/pictures/page`.

Starts a server of its own, and needs playwright and a chromium (`--chromium PATH`, or one on PATH).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from dicetalk import assets

ASSETS = Path(str(assets.__file__)).parent
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light", "has_touch": True},
}
CHROMIUM = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
"""With a microphone that beeps."""
PATIENCE = 120_000
"""How long anything on the page may take [ms]."""


@contextmanager
def server(data: str) -> Iterator[str]:
    """The address of a server that runs meanwhile."""
    words = [sys.executable, "-m", "dicetalk", "serve", "--port", "0", "--data", data]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            yield process.stderr.readline().split()[1]
        finally:
            process.terminate()


def fill(page: Page, url: str) -> None:
    """A portrait, a speech, and two keys."""
    page.goto(url)
    page.wait_for_selector("html[data-ready]")
    page.set_input_files("#portrait-file", ASSETS / "demo.jpg")
    page.set_input_files("#speech-file", ASSETS / "demo.flac")
    page.wait_for_selector(".look:nth-child(8) img", timeout=PATIENCE)
    page.wait_for_selector("#wave:not([hidden])")
    track = page.locator("#track")
    track.dblclick(position={"x": track.evaluate("some => some.clientWidth") * 0.55, "y": 40})
    page.click(".look[data-name=surprised]")
    page.wait_for_selector(".key:nth-child(2) img", timeout=PATIENCE)


def make(page: Page) -> None:
    """The video, to its end."""
    page.click("summary")
    page.select_option("#size", "256")
    page.check("#rights")
    page.click("#make")
    page.wait_for_selector("#downloads:not([hidden])", timeout=PATIENCE)
    page.wait_for_selector("#video[data-live=false]", timeout=PATIENCE)


def talk(page: Page) -> None:
    """Live, until the portrait speaks."""
    page.click("#tab-live")
    page.check("#live-rights")
    page.click("#live-start")
    page.wait_for_selector("#live-shown[data-frame]", timeout=PATIENCE)


def shoot(page: Page, path: Path) -> None:
    """A picture of all of it."""
    page.screenshot(path=path, full_page=True, type="jpeg", quality=80)


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    told = parser.parse_args()
    told.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, server(data) as url, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=told.chromium, args=CHROMIUM)
        for name, view in VIEWS.items():
            page = browser.new_page(**view)
            fill(page, url)
            if name == "light":
                make(page)
            shoot(page, told.folder / f"{name}.jpg")
            if name == "phone":
                talk(page)
                shoot(page, told.folder / "live.jpg")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
