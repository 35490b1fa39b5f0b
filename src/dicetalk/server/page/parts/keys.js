// Keys: where along the speech which emotion is fully there. The first one holds from the start.

import { changed, state, when } from "./state.js";
import { source } from "./emotion.js";
import { stillOf } from "./stills.js";
import { textOf, wordsOf } from "./moods.js";
import { clamp, drags, element, find } from "./page.js";
import { seek, speech, timeAt } from "./speech.js";

const LEAST = 0.1; // s between two keys

export function startKeys() {
  find("add-key").addEventListener("click", () => add(speech.mark));
  find("drop-key").addEventListener("click", drop);
  find("track").addEventListener("dblclick", (event) => add(timeAt(event)));
  when("keys", draw);
  when("mood", () => name(find("keys").children[state.chosen], state.keys[state.chosen]));
  when("still", () => face(find("keys").children[state.chosen], state.keys[state.chosen])); // not for each mood on the way
  when("portrait", draw);
}

function add(time) {
  if (source() !== "chosen" || state.keys.some((key) => Math.abs(key.time - time) < LEAST)) return;
  const before = state.keys.filter((key) => key.time < time).at(-1) ?? state.keys[0];
  const key = { time, mix: { ...before.mix }, strength: before.strength };
  state.keys = [...state.keys, key].sort((one, other) => one.time - other.time);
  state.chosen = state.keys.indexOf(key);
  changed("keys");
}

function drop() {
  if (state.keys.length === 1) return;
  state.keys.splice(state.chosen, 1);
  state.chosen = Math.max(0, state.chosen - 1);
  state.keys[0].time = 0;
  changed("keys");
  find("keys").children[state.chosen]?.focus();
}

function draw() {
  const shown = speech.sound && source() === "chosen";
  find("keys").hidden = find("add-key").hidden = find("drop-key").hidden = !shown;
  find("drop-key").disabled = state.keys.length === 1;
  find("keys").replaceChildren(...(shown ? state.keys.map(button) : []));
}

function button(key, index) {
  const made = element("button", { type: "button", className: "key quiet" });
  made.setAttribute("aria-pressed", index === state.chosen);
  face(made, key);
  place(made, key);
  made.addEventListener("click", () => choose(made));
  made.addEventListener("keydown", (event) => press(event, made));
  if (index > 0) drags(made, (event) => { if (event.type === "pointermove") move(made, timeAt(event)); });
  return made;
}

const indexOf = (made) => [...find("keys").children].indexOf(made);

function choose(made) {
  state.chosen = indexOf(made);
  [...find("keys").children].forEach((some) => some.setAttribute("aria-pressed", some === made));
  if (state.chosen) seek(state.keys[state.chosen].time);
  changed("mood");
}

function press(event, made) {
  const step = { ArrowLeft: -0.1, ArrowRight: 0.1 }[event.key];
  if (step && indexOf(made) > 0) {
    event.preventDefault();
    move(made, state.keys[indexOf(made)].time + step);
  }
  if (event.key === "Delete" || event.key === "Backspace") {
    choose(made);
    drop();
  }
}

/** Keys do not pass each other. */
function move(made, time) {
  const index = indexOf(made);
  const after = state.keys[index + 1]?.time ?? speech.seconds;
  state.keys[index].time = clamp(time, state.keys[index - 1].time + LEAST, Math.max(after - LEAST, state.keys[index - 1].time + LEAST));
  place(made, state.keys[index]);
  face(made, state.keys[index]);
}

function place(made, key) { made.style.left = `${100 * key.time / speech.seconds}%`; }

function name(made, key) { made?.setAttribute("aria-label", `${wordsOf(key)} at ${key.time.toFixed(1)} seconds`); }

async function face(made, key) {
  if (!made) return;
  const emotion = textOf(key);
  name(made, key);
  if (!state.portrait) return made.replaceChildren("?");
  if (made.dataset.emotion === emotion && made.querySelector("img")) return;
  made.dataset.emotion = emotion;
  const src = await stillOf(emotion).catch(() => null);
  if (src && made.dataset.emotion === emotion) made.replaceChildren(element("img", { src, alt: "", draggable: false }));
}
