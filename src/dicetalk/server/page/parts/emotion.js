// What is felt: eight looks, a strength, the wheel; or a voice, a clip, a file that says it.

import * as api from "./api.js";
import { changed, chosenKey, state, when } from "./state.js";
import { Latest, stillOf } from "./stills.js";
import { textOf, wordsOf } from "./moods.js";
import { nameOf, remember } from "./names.js";
import { element, find, keptBy, takes, tell, untell } from "./page.js";
import { drawPoint, startWheel } from "./wheel.js";

const files = { like: null, own: null };
const latest = new Latest(show, (error) => tell(error, "portrait"));

export async function startEmotion() {
  const told = await api.emotions();
  state.names = told.names;
  state.strength = told.strength;
  find("looks").append(...told.names.map(look));
  startWheel();
  find("strength").addEventListener("input", () => {
    chosenKey().strength = Number(find("strength").value);
    changed("mood");
  });
  document.getElementsByName("source").forEach((input) => input.addEventListener("change", showSource));
  for (const name of ["like", "own"]) takes(find(name), [find(`${name}-file`)], keptBy((file) => takeFile(name, file)));
  when("mood", drawMood);
  when("keys", drawMood);
  when("portrait", drawLooks);
  drawMood();
}

export const source = () => document.querySelector("[name=source]:checked").value;

export function chooseSource(name) {
  document.querySelector(`[name=source][value=${name}]`).checked = true;
  showSource();
}

function showSource() {
  untell("emotion");
  for (const name of ["chosen", "auto", "like", "own"]) find(name).hidden = name !== source();
  changed("keys");
}

function look({ name }) {
  const made = element("button", { type: "button", className: "look" }, element("span", { className: "blank" }), name);
  made.dataset.name = name;
  made.addEventListener("click", () => {
    const key = chosenKey();
    key.mix = name === "neutral" ? {} : { [name]: 1 };
    if (!key.strength) key.strength = state.strength;
    changed("mood");
  });
  return made;
}

async function drawLooks() {
  const portrait = state.portrait;
  find("still").hidden = !portrait;
  if (portrait) latest.want(textOf(chosenKey()));
  for (const made of find("looks").children) {
    if (!portrait) made.firstChild.replaceWith(element("span", { className: "blank" }));
    else stillOf(textOf({ mix: { [made.dataset.name]: made.dataset.name === "neutral" ? 0 : 1 }, strength: state.strength }))
      .then((src) => { if (portrait === state.portrait) made.firstChild.replaceWith(element("img", { src, alt: "" })); }, () => {});
  }
}

function drawMood() {
  const key = chosenKey();
  const names = Object.keys(key.mix);
  const only = names.length === 0 || key.strength === 0 ? "neutral" : names.length === 1 ? names[0] : null;
  for (const made of find("looks").children) made.setAttribute("aria-pressed", made.dataset.name === only);
  find("strength").value = key.strength;
  find("strength").disabled = names.length === 0;
  find("strength-told").textContent = `${Math.round(100 * key.strength)} %`;
  find("mood-text").textContent = wordsOf(key);
  find("chosen-key").textContent = state.keys.length > 1 ? `You change emotion ${state.chosen + 1} of ${state.keys.length}, at ${key.time.toFixed(1)} s.` : "";
  drawPoint();
  if (state.portrait) latest.want(textOf(key));
}

async function show(src, at) {
  const still = find("still");
  still.src = src;
  await still.decode().catch(() => {});
  still.dataset.ms = (performance.now() - at).toFixed(0);
  still.dataset.shown = Number(still.dataset.shown ?? 0) + 1;
  changed("still");
}

async function takeFile(name, file) {
  untell("emotion");
  find(`${name}-told`).textContent = `Sending ${file.name} …`;
  try {
    const sent = await api.send(file);
    remember(sent.id, file.name);
    files[name] = { id: sent.id, kind: sent.kind };
    find(`${name}-told`).textContent = file.name;
    find("own-name-label").hidden = files.own?.kind === "timeline";
  } catch (error) {
    files[name] = null;
    find(`${name}-told`).textContent = "";
    tell(error, "emotion");
  }
}

/** The fields of the request that say what is felt. `from`: where the speech begins [s]. */
export function emotionFields(from) {
  const kind = source();
  if (kind === "auto") return { emotion: "auto" };
  if (kind === "chosen") return { emotion: chosenEmotion(from) };
  const file = files[kind];
  if (!file) throw new api.Problem({ field: "emotion", detail: kind === "like" ? "Choose the clip first" : "Choose the emotion file first" });
  const name = find("own-name").value.trim();
  const own = file.kind === "emotions" && name ? `file:${name}` : "file";
  return { emotion: kind === "like" ? "like:file" : own, emotion_file: file.id };
}

function chosenEmotion(from) {
  if (state.keys.length === 1) return textOf(state.keys[0]);
  const times = state.keys.map((key) => Math.max(0, Number((key.time - from).toFixed(3))));
  const keys = state.keys.map((key, index) => ({ time: times[index], emotion: textOf(key) }));
  const kept = keys.filter((key, index) => index === keys.length - 1 || keys[index + 1].time > key.time);
  return { keys: kept };
}

/** Show a file that was sent earlier. */
export function reopenFile(name, id, kind, own = "") {
  files[name] = { id, kind };
  find(`${name}-told`).textContent = nameOf(id, "From the settings that were opened.");
  find("own-name").value = own;
}
