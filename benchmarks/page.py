"""Measure in chromium how soon a video shows its first frame after the button, and a still after the slider moved.

    python benchmarks/page.py [--times 8] [--stills 60] [--size 512] [-o benchmarks/results/DATE-page.md]

Each video is of 10 s of speech, by a worker that is warm; it is measured from the press of the button to the moment
when the browser shows its first frame, and cancelled then. A still is measured from the wish to the moment when it is
painted, while slider and wheel are dragged as by a hand that moves 60 times a second.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import shutil
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from dicetalk import assets
from dicetalk.media import read_sound
from dicetalk.rates import SPEECH_RATE

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from served import serving

SECONDS = 10
PATIENCE = 120_000
"""[ms]"""
STEPS = ("asked", "answered", "bytes", "shown")
"""Of a video: the request leaves, the job is taken, its first bytes come, its first frame is seen."""

WATCH = """() => {
  window.steps = {}; window.begun = performance.now();
  const video = document.querySelector("#video");
  const tell = (name) => { window.steps[name] ??= performance.now() - window.begun; };
  document.body.classList.remove("seen");
  video.requestVideoFrameCallback(() => {
    tell("shown");
    window.steps.bytes = Number(video.dataset.bytes) - window.begun;
    document.body.classList.add("seen");
  });
  const fetched = window.fetched ??= window.fetch;
  window.fetch = async (path, options) => {
    if (path === "/v1/videos" && options?.method === "POST") tell("asked");
    const answer = await fetched(path, options);
    if (path === "/v1/videos" && options?.method === "POST") tell("answered");
    return answer;
  };
  document.querySelector("#make").click();
}"""
DRAG = """async ([source, count]) => {
  const still = document.querySelector("#still"), shown = [];
  const seen = new MutationObserver(() => { if (still.dataset.ms) shown.push(Number(still.dataset.ms)); });
  seen.observe(still, { attributes: true, attributeFilter: ["data-shown"] });
  const frame = () => new Promise(requestAnimationFrame);
  for (let step = 0; shown.length < count && step < 60 * count; step++) {
    window[source](step);
    await frame();
  }
  seen.disconnect();
  return shown.slice(0, count);
}"""
SOURCES = """() => {
  const strength = document.querySelector("#strength"), wheel = document.querySelector("#wheel");
  window.slider = (step) => {
    strength.value = 0.5 + 0.49 * Math.sin(step / 37.3);
    strength.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const press = (kind, clientX, clientY) =>
    wheel.dispatchEvent(new PointerEvent(kind, { clientX, clientY, pointerId: 1, bubbles: true }));
  wheel.setPointerCapture = () => {};
  window.wheel = (step) => {
    const box = wheel.getBoundingClientRect(), far = box.height * (0.2 + 0.12 * Math.sin(step / 23));
    press(step ? "pointermove" : "pointerdown", box.left + box.width / 2 + far * Math.cos(step / 31),
      box.top + box.height / 2 + far * Math.sin(step / 31));
  };
}"""


def ten_seconds(folder: Path) -> Path:
    """The demo's speech, again and again."""
    path = folder / "speech.wav"
    waveform = np.resize(read_sound(assets.speech()).waveform, SECONDS * SPEECH_RATE)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SPEECH_RATE, 0, "NONE", ""))
        file.writeframes(waveform.tobytes())
    return path


def fill(page: Page, speech: Path, size: int) -> None:
    """All that a video needs."""
    page.wait_for_selector("html[data-ready]")
    page.set_input_files("#portrait-file", assets.portrait())
    page.set_input_files("#speech-file", speech)
    page.wait_for_selector(".look:nth-child(8) img", timeout=PATIENCE)
    page.wait_for_selector("#wave:not([hidden])")
    page.click("summary")
    page.select_option("#size", str(size))
    page.check("#rights")


def first_frame(page: Page) -> dict[str, float]:
    """When each of `STEPS` came [ms]; the video is cancelled then."""
    page.evaluate(WATCH)
    page.wait_for_selector("body.seen", timeout=PATIENCE)
    page.click("#cancel")
    page.wait_for_selector("#cancel", state="hidden", timeout=PATIENCE)
    return dict(page.evaluate("window.steps"))


def stills(page: Page, source: str, count: int) -> list[float]:
    """How long so many took [ms]."""
    page.evaluate(SOURCES)
    return [float(time) for time in page.evaluate(DRAG, [source, count])]


def row(name: str, times: list[float]) -> str:
    """A line of the table."""
    half, most = np.percentile(times, (50, 95))
    return f"| {name} | {len(times)} | {half:.0f} | {most:.0f} |"


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=8)
    parser.add_argument("--stills", type=int, default=60)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    parser.add_argument("-o", "--out", type=Path)
    told = parser.parse_args()
    words = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "data") as server, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=told.chromium, args=words)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(server.url)
        fill(page, ten_seconds(Path(folder)), told.size)
        drawn = {source: stills(page, source, told.stills) for source in ("slider", "wheel")}
        first_frame(page)  # the first one warms the worker up
        seen = [first_frame(page) for _ in range(told.times)]
        chromium = browser.version
        browser.close()
    lines = [
        f"# The page, {datetime.date.today().isoformat()}",
        "",
        f"`python benchmarks/page.py --times {told.times} --stills {told.stills} --size {told.size}` on "
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, chromium {chromium}; "
        f"load average {os.getloadavg()[0]:.1f}.",
        "",
        "| | times | median [ms] | 95 % [ms] |",
        "| --- | --- | --- | --- |",
        *(row(f"video: {step}", [some[step] for some in seen]) for step in STEPS),
        *(row(f"still at 512 px, {source}", times) for source, times in drawn.items()),
    ]
    print("\n".join(lines))
    if told.out is not None:
        told.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
