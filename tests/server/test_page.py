"""The page in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

import dicetalk.assets
from dicetalk.media import read_sound
from tests.served import Served, serving

playwright = pytest.importorskip("playwright.sync_api", reason="playwright, which tests the page, is not installed")
pytest.importorskip("fastapi")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium to show the page")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGE = Path(dicetalk.__file__).parent / "server" / "page"
ASSETS = Path(dicetalk.assets.__file__).parent
PATIENCE = 90_000
"""[ms]"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with playwright.sync_playwright() as play:
        words = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = play.chromium.launch(executable_path=CHROMIUM, args=words)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """The page, which says nothing of errors and asks no other host."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith((served.url, "blob:")) else wrong.append(asked.url))
    page.goto(served.url)
    page.wait_for_selector("html[data-ready]")
    yield page
    page.close()
    assert wrong == []


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of speech."""
    path = tmp_path_factory.mktemp("speech") / "two seconds.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(read_sound(ASSETS / "demo.flac").waveform[:32000].tobytes())
    return path


def _portrait(page: Page, path: Path = ASSETS / "demo.jpg") -> None:
    page.set_input_files("#portrait-file", path)
    page.wait_for_selector(".face[aria-pressed=true]")


def _ready(page: Page, talk: Path) -> None:
    _portrait(page)
    page.set_input_files("#speech-file", talk)
    page.wait_for_selector("#wave:not([hidden])")
    page.click("summary")
    page.select_option("#size", "256")
    page.check("#rights")


def _problem(page: Page, field: str) -> str:
    page.wait_for_selector(f"[data-field={field}]:not(:empty)")
    return page.inner_text(f"[data-field={field}]")


def test_eight_buttons_show_the_portrait_with_their_emotions(page: Page) -> None:
    _portrait(page)
    page.wait_for_selector(".look:nth-child(8) img")
    shown = page.eval_on_selector_all(".look img", "images => images.map(image => [image.src, image.naturalWidth])")
    assert len({src for src, _ in shown}) == 8 and all(width > 300 for _, width in shown)


def test_the_still_follows_slider_and_wheel(page: Page) -> None:
    _portrait(page)
    page.wait_for_selector(".look:nth-child(8) img")
    page.wait_for_selector("#still[data-ms]")
    before = page.get_attribute("#still", "src")
    box = page.locator("#wheel").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.36, box["y"] + box["height"] * 0.6, steps=5)
    page.mouse.up()
    page.wait_for_selector(f"#still:not([src='{before}'])")
    assert "sad" in page.inner_text("#mood-text")
    page.fill("#strength", "0.3")
    assert page.inner_text("#strength-told") == "30 %"
    page.focus("#wheel")
    page.keyboard.press("ArrowUp")
    assert page.inner_text("#strength-told") == "35 %"


def test_a_click_picks_the_face(page: Page, tmp_path: Path) -> None:
    one = Image.open(ASSETS / "demo.jpg").convert("RGB").resize((512, 512))
    both = Image.new("RGB", (1024, 512))
    both.paste(one, (0, 0))
    both.paste(one, (512, 0))
    both.save(tmp_path / "two.jpg")
    _portrait(page, tmp_path / "two.jpg")
    assert page.locator(".face").count() == 2
    page.click(".face[data-number='2']")
    assert page.get_attribute(".face[data-number='2']", "aria-pressed") == "true"
    assert "Face 2 speaks" in page.inner_text("#portrait-told")


def test_keys_are_added_moved_and_removed(page: Page, talk: Path) -> None:
    _portrait(page)
    page.set_input_files("#speech-file", talk)
    page.locator("#track").dblclick(position={"x": 400, "y": 40})
    page.click(".look[data-name=sad]")
    page.wait_for_selector("#still[data-ms]")
    page.wait_for_selector(".key:nth-child(2) img")
    key = page.locator(".key").nth(1)
    key.scroll_into_view_if_needed()
    assert re.match(r"sad 80 % at 0\.\d seconds", key.get_attribute("aria-label") or "")
    was = key.bounding_box()
    assert was is not None
    page.mouse.move(was["x"] + 20, was["y"] + 20)
    page.mouse.down()
    page.mouse.move(was["x"] + 220, was["y"] + 20, steps=4)
    page.mouse.up()
    now = key.bounding_box()
    assert now is not None and now["x"] > was["x"] + 150
    assert "happy" in (page.locator(".key").nth(0).get_attribute("aria-label") or "")
    key.focus()
    page.keyboard.press("Delete")
    assert page.locator(".key").count() == 1


def test_a_video_plays_while_it_is_made_and_is_kept(page: Page, talk: Path, served: Served) -> None:
    _ready(page, talk)
    page.locator("#track").dblclick(position={"x": 500, "y": 40})
    page.evaluate("""() => {
        const video = document.querySelector("#video"); window.seen = 0; window.ends = 0; 
        const count = () => { window.seen += 1; window.early ||= !document.querySelector("#cancel").hidden;
            video.requestVideoFrameCallback(count); };
        video.requestVideoFrameCallback(count);
        video.addEventListener("ended", () => { 
            window.ends += 1; window.total = video.getVideoPlaybackQuality().totalVideoFrames;
        }, { capture: true });
    }""")
    page.click("#make")
    page.wait_for_selector("#downloads:not([hidden])")
    page.wait_for_selector("#video[data-live=false]")
    told = served.asks.get("/v1/videos").json()["videos"][0]
    assert page.evaluate("() => window.early"), "no frame was seen while it was made"
    assert page.evaluate("() => window.ends") == 1
    assert abs(page.evaluate("() => window.total") - told["result"]["frames"]) <= 1
    assert len(told["result"]["heard"]["keys"]) == 2
    with page.expect_download() as download:
        page.click("#get-settings")
    settings = json.loads(Path(download.value.path()).read_text())
    assert len(settings["emotion"]["keys"]) == 2
    page.reload()
    page.wait_for_selector("#list li")
    page.wait_for_selector("#downloads:not([hidden])")


def test_a_reload_goes_on_and_cancel_ends(page: Page, served: Served) -> None:
    _ready(page, ASSETS / "demo.flac")
    page.select_option("#size", "1024")
    page.click("#make")
    page.wait_for_selector("#cancel:not([hidden])")
    page.reload()
    page.wait_for_selector("#cancel:not([hidden])")
    page.click("#cancel")
    page.wait_for_selector("#cancel", state="hidden")
    assert served.asks.get("/v1/videos").json()["videos"][0]["status"] == "cancelled"
    assert page.is_enabled("#make") and page.is_hidden("#shown")


def test_problems_stand_at_their_field(page: Page, talk: Path, tmp_path: Path) -> None:
    page.click("#make")
    assert "picture" in _problem(page, "portrait")
    page.set_input_files("#portrait-file", talk)
    assert "choose a picture" in _problem(page, "portrait")
    Image.new("RGB", (300, 300), "gray").save(tmp_path / "wall.png")
    page.set_input_files("#portrait-file", tmp_path / "wall.png")
    page.wait_for_selector("text=No face was found")
    _portrait(page)
    assert page.inner_text("[data-field=portrait]") == ""
    page.click("#make")
    assert "speech" in _problem(page, "speech")
    (tmp_path / "no.wav").write_bytes(b"nothing that sounds")
    page.set_input_files("#speech-file", tmp_path / "no.wav")
    page.wait_for_selector("[data-field=speech]:not(:empty)")
    page.set_input_files("#speech-file", talk)
    page.wait_for_selector("#wave:not([hidden])")
    page.click("#make")
    assert "confirm" in _problem(page, "consent")


def test_settings_are_read_back(page: Page, served: Served, talk: Path, tmp_path: Path) -> None:
    keys = [{"time": 0, "emotion": "sad:0.5"}, {"time": 1, "emotion": {"happy": 0.4, "surprised": 0.2}}]
    files = {"portrait": served.send(ASSETS / "demo.jpg"), "speech": served.send(talk)}
    told = {**files, "seed": 7, "blink": 0.5, "emotion": {"keys": keys}}
    (tmp_path / "settings.json").write_text(json.dumps(told))
    page.set_input_files("#settings-file", tmp_path / "settings.json")
    page.wait_for_selector(".face[aria-pressed=true]")
    assert page.input_value("#seed") == "7" and page.input_value("#blink") == "0.5"
    assert page.inner_text("#mood-text") == "sad 50 %"
    (tmp_path / "settings.json").write_text("{}")
    page.set_input_files("#settings-file", tmp_path / "settings.json")
    assert "no settings" in _problem(page, "settings")


@pytest.mark.parametrize("width", [360, 768])
def test_nothing_is_cut_off(page: Page, talk: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    _ready(page, talk)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    cut = page.eval_on_selector_all(
        "button, .button, h2, label, p, #wheel text",
        "all => all.filter(some => some.getClientRects().length && (some.getBoundingClientRect().right > innerWidth"
        " || some.getBoundingClientRect().left < 0)).map(some => some.textContent)",
    )
    assert cut == []


def test_everything_has_a_label(page: Page) -> None:
    unnamed = page.eval_on_selector_all(
        "button, input, select, [role=slider], [tabindex='0']",
        "all => all.filter(one => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length))"
        ".map(some => some.outerHTML)",
    )
    assert unnamed == []


def test_its_own_code_is_small_and_names_no_other_host() -> None:
    files = [path for path in PAGE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 120_000
    others = [path.name for path in files if re.search(r"https?://(?!www\.w3\.org/2000/svg)", path.read_text())]
    assert others == []
