// Live: what is spoken goes to the server, and frames of the portrait that says it come back.

import * as api from "./api.js";
import { chosenKey, state, when } from "./state.js";
import { chooseSource, source } from "./emotion.js";
import { textOf } from "./moods.js";
import { find, tell, untell } from "./page.js";
import { Microphone } from "./microphone.js";

const FPS = 25;
const TOLD_EVERY = 200; // ms between two changes of emotion that are sent
const KEPT = 25; // latencies of which the middle one is shown

let talk = null;

export function startLive() {
  find("live-start").addEventListener("click", () => (talk ? talk.finish() : begin()));
  find("live-hear").addEventListener("change", () => talk?.hearMyself());
  when("mood", () => talk?.feel());
  when("portrait", () => talk?.finish());
}

/** Somebody looks at the tab: the server begins to load what a talk needs. */
export function awaken() {
  const socket = new WebSocket(api.live());
  socket.addEventListener("open", () => socket.close());
}

async function begin() {
  untell("portrait", "emotion", "live");
  try {
    check();
    draw("Waiting for the microphone …", true);
    const microphone = await Microphone.open().catch(() => {
      throw new api.Problem({ field: "live", detail: "The microphone cannot be used. Allow it in the browser" });
    });
    draw("Getting ready …", true);
    talk = new Talk(microphone, end);
  } catch (error) {
    draw("", false);
    tell(error, "live");
  }
}

function check() {
  if (!state.portrait) throw new api.Problem({ field: "portrait", detail: "Choose a picture with a face first" });
  if (source() !== "chosen") {
    chooseSource("chosen");
    throw new api.Problem({ field: "emotion", detail: "Live, the emotion is chosen by you: it cannot be heard before it is said. Choose it, and start again" });
  }
  if (!find("live-rights").checked) throw new api.Problem({ field: "live", detail: "Please confirm this first" });
}

function end(error) {
  talk = null;
  draw(error ? "" : "The talk is over.", false);
  if (error) tell(error, "live");
}

function draw(text, on) {
  find("live-told").textContent = text;
  find("live-start").setAttribute("aria-pressed", on);
  find("live-start").textContent = on ? "Stop" : "Start to speak";
}

/** One talk: a microphone, a socket, and the frames that are shown. */
class Talk {
  constructor(microphone, ended) {
    Object.assign(this, { microphone, ended, late: [], shown: -1, dropped: 0, told: 0, sent: textOf(chosenKey()), isOver: false });
    this.socket = new WebSocket(api.live());
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("open", () => this.say({
      portrait: state.portrait, face: state.face, anyway: find("anyway").checked, rate: microphone.rate, emotion: this.sent,
      crop: find("crop").checked, head: Number(find("head-amount").value), blink: Number(find("blink").value),
    }));
    this.socket.addEventListener("message", ({ data }) => (typeof data === "string" ? this.read(JSON.parse(data)) : this.show(data)));
    this.socket.addEventListener("close", () => this.over({ message: "The connection was lost; start again" }));
  }

  say(told) { if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(told)); }

  read(told) {
    if (told.ready) this.listen(told.ready);
    if (told.late) this.dropped = told.late.dropped;
    if (told.error) this.over({ message: told.error, field: told.field });
    if (told.done) this.over(null);
  }

  listen({ width, height }) {
    Object.assign(find("live-shown"), { width, height, hidden: false });
    find("live-told").textContent = "Speak.";
    this.microphone.hear((portion) => { if (this.socket.readyState === WebSocket.OPEN) this.socket.send(portion); });
  }

  async show(data) {
    const number = new DataView(data).getUint32(0, true);
    const picture = await createImageBitmap(new Blob([data.slice(4)], { type: "image/jpeg" }));
    if (number <= this.shown || this.isOver) return;
    this.shown = number;
    find("live-shown").getContext("2d").drawImage(picture, 0, 0);
    picture.close();
    requestAnimationFrame(() => this.measure(number));
  }

  /** How late the frame is that is seen now, after its moment was spoken. */
  measure(number) {
    if (this.isOver) return;
    this.late.push(performance.now() - this.microphone.spokenAt(number / FPS));
    if (this.late.length > KEPT) this.late.shift();
    const canvas = find("live-shown");
    Object.assign(canvas.dataset, { frame: number, late: Math.round(this.late.at(-1)) });
    if (performance.now() - this.told < 500) return;
    this.told = performance.now();
    const left = this.dropped ? `, ${this.dropped} frames left out` : "";
    find("live-told").textContent = `${Math.round(this.usual)} ms behind you${left}.`;
    this.hearMyself();
  }

  get usual() { return [...this.late].sort((one, other) => one - other)[Math.floor(this.late.length / 2)] ?? 0; }

  hearMyself() { this.microphone.play(find("live-hear").checked ? this.usual / 1000 : 0); }

  /** Tell the emotion that is chosen now; what is dragged past is not told. */
  feel() {
    this.waits ??= setTimeout(() => {
      this.waits = null;
      const now = textOf(chosenKey());
      if (now !== this.sent) this.say({ emotion: now });
      this.sent = now;
    }, TOLD_EVERY);
  }

  finish() {
    this.microphone.hear(() => {});
    if (this.socket.readyState === WebSocket.OPEN && this.shown >= 0) this.say({ finish: true });
    else this.over(null);
  }

  over(error) {
    if (this.isOver) return;
    this.isOver = true;
    this.socket.close();
    this.microphone.close();
    this.ended(error);
  }
}
