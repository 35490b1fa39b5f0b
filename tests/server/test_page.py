"""The page in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from covers import OVER_EYE, Stage
from PIL import Image
from served import Served, serving

import dicetalk.assets
from dicetalk.cli.settings import read_settings
from dicetalk.face import Face
from dicetalk.marks.origin import file_digest
from dicetalk.media import read_picture, read_sound

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
def browser(talk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One whose microphone hears the talk, again and again, and whose camera sees the demo's portrait."""
    seen = tmp_path_factory.mktemp("camera") / "seen.mjpeg"
    Image.open(ASSETS / "demo.jpg").convert("RGB").resize((640, 640)).save(seen, "JPEG", quality=95)
    devices = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    devices += [f"--use-file-for-fake-audio-capture={talk}", f"--use-file-for-fake-video-capture={seen}"]
    with playwright.sync_playwright() as play:
        words = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", *devices]
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


DRAGGED = """() => {
  const strength = document.querySelector("#strength");
  for (let step = 0; step < 30; step++) {
    strength.value = 0.3 + step / 100;
    strength.dispatchEvent(new Event("input", { bubbles: true }));
  }
}"""


def test_what_is_dragged_past_is_not_drawn(page: Page, talk: Path) -> None:
    _ready(page, talk)  # with a speech, whose key shows its face too
    page.wait_for_selector(".look:nth-child(8) img")
    page.wait_for_selector(".key img")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(DRAGGED)
    page.wait_for_selector(".key[data-emotion='happy:0.59'] img")
    assert len([url for url in asked if not url.startswith("blob:")]) <= 3  # those are pictures that it holds


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


def test_a_covered_face_is_told_and_may_be_used(page: Page, hopper: Path, face: Face, tmp_path: Path) -> None:
    stage = Stage(read_picture(hopper), face)
    OVER_EYE["a hand before an eye"](stage)
    Image.fromarray(stage.picture).save(tmp_path / "peeking.png")
    _portrait(page, tmp_path / "peeking.png")
    told = page.inner_text("[data-field=portrait]")
    assert told.startswith("An eye of the face cannot be seen") and "--" not in told
    assert told.endswith("tick “Use it although something covers the face”.")
    page.check("#anyway")
    assert page.inner_text("[data-field=portrait]") == ""
    page.wait_for_selector("#still[data-ms]")


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
    shutil.copy(download.value.path(), talk.with_name("settings.json"))
    settings = read_settings(talk.with_name("settings.json"))
    assert len(json.loads(settings.values["emotion"])["keys"]) == 2
    settings.files["speech"].check("speech")
    assert settings.files["portrait"].path.name == "demo.jpg"
    with page.expect_download() as cut:
        page.click("#get-speech")
    spoken = settings.files["speech"]
    assert (cut.value.suggested_filename, file_digest(cut.value.path())) == (spoken.path.name, spoken.sha256)
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


def _named(path: Path, served: Served) -> dict[str, str]:
    return {"name": path.name, "sha256": served.send(path)}


def _open(page: Page, path: Path, told: object) -> None:
    path.write_text(json.dumps(told))
    page.set_input_files("#settings-file", path)


def test_settings_are_read_back(page: Page, served: Served, talk: Path, tmp_path: Path) -> None:
    keys = [{"time": 0, "emotion": "sad:0.5"}, {"time": 1, "emotion": {"happy": 0.4, "surprised": 0.2}}]
    files = {"portrait": _named(ASSETS / "demo.jpg", served), "speech": _named(talk, served)}
    told = {"dicetalk_settings": 1, "files": files, "seed": 7, "blink": 0.5, "emotion": {"keys": keys}}
    _open(page, tmp_path / "settings.json", told)
    page.wait_for_selector(".face[aria-pressed=true]")
    assert page.input_value("#seed") == "7" and page.input_value("#blink") == "0.5"
    assert page.inner_text("#mood-text") == "sad 50 %"
    page.wait_for_selector("#wave:not([hidden])")
    assert page.locator(".key").count() == 2
    files["speech"]["sha256"] = "0" * 64
    _open(page, tmp_path / "settings.json", told)
    assert "is not here any more" in _problem(page, "speech")
    for wrong, why in (
        ({}, "no settings"),
        ({"dicetalk_settings": 2}, "version 2"),
        ({"dicetalk_settings": 1, "sead": 7}, "no field"),
    ):
        _open(page, tmp_path / "settings.json", wrong)
        page.wait_for_selector(f"[data-field=settings]:has-text('{why}')")


def _asked(page: Page) -> dict[str, Any]:
    """What the button asks for; nothing is made."""
    problem = {"status": 429, "title": "Too Many Requests", "detail": "the queue is full; come again"}
    page.route("**/v1/videos", lambda route: route.fulfill(status=429, json=problem))
    with page.expect_request("**/v1/videos") as asked:
        page.click("#make")
    assert "queue is full" in _problem(page, "video")
    page.unroute("**/v1/videos")
    told = asked.value.post_data_json
    assert isinstance(told, dict)
    return told


def test_where_the_emotion_comes_from(page: Page, talk: Path, tmp_path: Path) -> None:
    _ready(page, talk)
    page.check("[value=auto]")
    assert _asked(page)["emotion"] == "auto"
    page.check("[value=like]")
    page.click("#make")
    assert "clip" in _problem(page, "emotion")
    page.set_input_files("#like-file", talk)
    told = _asked(page)  # which waits until the clip is sent
    assert told["emotion"] == "like:file" and len(told["emotion_file"]) == 64
    (tmp_path / "mood.json").write_text('{"keys": [{"time": 0, "emotion": "sad"}]}')
    page.check("[value=own]")
    page.set_input_files("#own-file", tmp_path / "mood.json")
    assert _asked(page)["emotion"] == "file"


def test_what_the_voice_is_to_feel(page: Page, talk: Path, served: Served, tmp_path: Path) -> None:
    _ready(page, talk)
    assert "voice_emotion" not in _asked(page)
    page.select_option("#voice-emotion", "timeline")
    assert page.is_hidden("#voice-strength") and _asked(page)["voice_emotion"] == "timeline"
    page.select_option("#voice-emotion", "sad")
    page.fill("#voice-strength", "0.6")
    assert page.inner_text("#voice-strength-told") == "60 %" and "was changed" in page.inner_text("#voice-note")
    assert _asked(page)["voice_emotion"] == "sad:0.6"
    files = {"portrait": _named(ASSETS / "demo.jpg", served), "speech": _named(talk, served)}
    told = {"dicetalk_settings": 1, "files": files, "emotion": "happy:0.8", "voice_emotion": "angry:0.9"}
    _open(page, tmp_path / "settings.json", told)
    page.wait_for_selector("#voice-strength-told:has-text('90 %')")
    assert page.input_value("#voice-emotion") == "angry"
    _open(page, tmp_path / "settings.json", told | {"voice_emotion": "sad:0.4,happy:0.4"})
    page.wait_for_selector("[data-field=voice]:has-text('cannot be shown here')")


def test_the_button_waits_for_what_is_still_sent(page: Page, talk: Path) -> None:
    page.check("#rights")
    page.evaluate(
        "{ const at = fetch; window.fetch = (...a) => new Promise((r) => setTimeout(r, 300)).then(() => at(...a)); }"
    )
    page.set_input_files("#portrait-file", ASSETS / "demo.jpg")
    page.set_input_files("#speech-file", talk)
    assert len(_asked(page)["portrait"]) == 64
    page.set_input_files("#speech-file", ASSETS / "demo.jpg")
    page.click("#make")
    assert "choose a recording" in _problem(page, "speech")
    page.wait_for_selector("#make:not([disabled])")
    assert "choose a recording" in _problem(page, "speech")


def test_speech_is_trimmed(page: Page, talk: Path, served: Served) -> None:
    _ready(page, talk)
    page.focus("#grip-start")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert page.get_attribute("#grip-start", "aria-valuetext") == "0.5 seconds"
    sent = served.asks.get(f"/v1/uploads/{_asked(page)['speech']}").content
    assert len(sent) > 0.7 * len(talk.read_bytes()) * 44100 / 16000  # browsers keep 44.1 kHz


@pytest.mark.slow
def test_a_recording_is_spoken_into_the_page(page: Page) -> None:
    page.click("#record")
    page.wait_for_selector("#record[aria-pressed=true]")
    page.wait_for_timeout(1200)
    page.click("#record")
    page.wait_for_selector("#wave:not([hidden])")
    assert re.search(r"of [12]\.\d s", page.inner_text("#times"))


def test_a_photograph_is_taken(page: Page) -> None:
    page.click("#camera-open")
    page.wait_for_selector("#camera:not([hidden])")
    page.click("#camera-take")
    page.wait_for_selector(".face[aria-pressed=true]")
    assert page.is_hidden("#camera")


GIVE = """async ([kind, target, id]) => {
  const blob = await (await fetch(`/v1/uploads/${id}`)).blob();
  const files = new DataTransfer();
  files.items.add(new File([blob], "given.jpg", { type: "image/jpeg" }));
  const event = kind === "paste" ? new ClipboardEvent("paste", { clipboardData: files, bubbles: true })
    : new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true });
  document.querySelector(target).dispatchEvent(event);
}"""


@pytest.mark.parametrize(("kind", "target"), [("paste", "body"), ("drop", "#portrait-drop")])
def test_a_picture_is_pasted_or_dropped(page: Page, served: Served, kind: str, target: str) -> None:
    page.evaluate(GIVE, [kind, target, served.send(ASSETS / "demo.jpg")])
    page.wait_for_selector(".face[aria-pressed=true]")


def test_live_the_portrait_says_what_is_spoken(page: Page) -> None:
    page.click("#tab-live")
    assert page.is_hidden("#speech") and page.is_visible("#portrait")
    page.click("#live-start")
    assert "picture" in _problem(page, "portrait")
    _portrait(page)
    page.check("#live-rights")
    page.click("#live-start")
    page.wait_for_selector("#live-shown[data-frame]")
    frame = int(page.get_attribute("#live-shown", "data-frame") or 0)
    page.click(".look[data-name=angry]")
    page.wait_for_selector("#live-told:has-text('ms behind you')")
    page.wait_for_timeout(1500)
    assert int(page.get_attribute("#live-shown", "data-frame") or 0) > frame
    assert int(page.get_attribute("#live-shown", "data-late") or 0) > 0
    page.click("#live-start")
    page.wait_for_selector("#live-told:has-text('The talk is over')")


def test_the_keyboard_is_enough(page: Page, talk: Path) -> None:
    _ready(page, talk)
    page.focus(".look[data-name=sad]")
    page.keyboard.press("Enter")
    assert page.inner_text("#mood-text") == "sad 80 %"
    page.focus("#tab-recorded")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#live-start")
    page.keyboard.press("ArrowLeft")
    assert page.is_visible("#make")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert {"grip-start", "grip-end", "play", "add-key", "rights", "make"} <= set(reached)


CONTRAST = """() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (colour) => colour.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, index) => sum + v * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (some) => {
    const colour = parts(getComputedStyle(some).backgroundColor);
    return colour.length < 4 || colour[3] > 0.99 ? colour : behind(some.parentElement);
  };
  return [...document.querySelectorAll("h1, h2, p, label, button, .button, summary, output")]
    .filter((some) => some.getClientRects().length && some.textContent.trim() && !some.disabled)
    .filter((some) => !some.closest(".stage"))
    .map((some) => {
      const [one, other] = [light(parts(getComputedStyle(some).color)), light(behind(some))];
      return [some.textContent.trim().slice(0, 30), (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)];
    })
    .filter(([, ratio]) => ratio < 4.5);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(page: Page, talk: Path, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    _ready(page, talk)
    assert page.evaluate(CONTRAST) == []


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


@pytest.mark.slow
def test_what_a_slow_backbone_takes_is_foretold(page: Page) -> None:
    page.click("summary")
    page.select_option("#backbone", "svd")
    page.wait_for_selector("#forecast:has-text('s of speech take about'), #forecast:has-text('cannot be used')")
    assert page.is_visible("#preset")


def test_denoising_is_looked_at_on_the_way(page: Page, talk: Path) -> None:
    """Of a server that denoises pictures: it is played, since nobody has the weights where this is tested."""
    _ready(page, talk)
    progress = {"work": "denoising", "done": 3, "total": 25, "things": "steps", "share": 0.1, "left_s": 60.0}
    job = {"id": "a-slow-one", "status": "running", "place": None, "progress": progress, "request": {}, "error": None}
    page.route("**/v1/videos", lambda route: route.fulfill(status=202, json={"id": job["id"], "status": "queued"}))
    page.route("**/v1/videos/a-slow-one", lambda route: route.fulfill(json=job))
    page.route("**/v1/videos/a-slow-one/content", lambda route: route.abort())
    page.route("**/v1/videos/a-slow-one/preview", lambda route: route.fulfill(path=ASSETS / "demo.jpg"))
    page.check("#rights")
    page.click("#make")
    page.wait_for_selector("#progress-told:has-text('3 of 25 steps, about 60 s left')")
    page.wait_for_selector("#rough", state="visible")
    assert (
        page.locator("#rough").evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") > 100
    )


@pytest.mark.slow
def test_a_key_is_asked_for(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("the-right-one-of-all\n")
    with serving(tmp_path / "served", "--keys", str(tmp_path / "keys"), "--workers", "1") as server:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(server.url)
        page.fill("#key-text", "a wrong one")
        page.click("#key-form button")
        page.wait_for_selector("#key-problem:has-text('no key')")
        page.fill("#key-text", "the-right-one-of-all")
        page.click("#key-form button")
        page.wait_for_selector("html[data-ready]")
        assert page.locator(".look").count() == 8
        page.close()


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
