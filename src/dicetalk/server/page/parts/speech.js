// The speech: its waveform, its ends, the mark in it.

import * as api from "./api.js";
import { changed, state } from "./state.js";
import { nameOf, remember } from "./names.js";
import { clamp, drags, find, keptBy, takes, tell, untell } from "./page.js";
import { decode, peaksOf, record, wavOf } from "./sound.js";

const LEAST = 0.3; // s between the ends

/** What is spoken: `id` of the file as it was sent, `sound` its samples (null where the browser cannot read them). */
export const speech = { id: null, name: null, sound: null, seconds: 0, start: 0, end: 0, mark: 0 };

const audio = new Audio();
let newest = 0;
let recorder = null;
let cutId = { key: "", id: null };

export function startSpeech() {
  takes(find("speech-drop"), [find("speech-file")], take);
  find("record").addEventListener("click", toggleRecording);
  find("play").addEventListener("click", togglePlaying);
  audio.addEventListener("pause", drawPlay);
  audio.addEventListener("play", () => { drawPlay(); follow(); });
  drags(find("track"), (event) => { if (!event.target.classList.contains("grip")) seek(timeAt(event)); });
  for (const end of ["start", "end"]) startGrip(end);
  new ResizeObserver(drawPeaks).observe(find("track"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawPeaks);
}

const take = keptBy(async (file) => {
  const mine = ++newest;
  untell("speech");
  forget();
  find("speech-told").textContent = "Reading the recording …";
  try {
    const [sound, sent] = await Promise.all([decode(file), api.send(file)]);
    if (sent.kind !== "sound" && sent.kind !== "video") throw new api.Problem({ detail: `${file.name || "This"} is a ${sent.kind}; choose a recording` });
    remember(sent.id, file.name || "recording.webm");
    if (mine === newest) hold(sent.id, file.name || "recording", sound, file);
  } catch (error) {
    if (mine !== newest) return;
    find("speech-told").textContent = "";
    tell(error, "speech");
  }
});

/** Speak with a file that the server has. */
export async function reopenSpeech(id) {
  const mine = ++newest;
  forget();
  const blob = await api.file(id);
  const sound = await decode(blob);
  if (mine === newest) hold(id, nameOf(id, "the speech of the settings"), sound, blob);
}

function hold(id, name, sound, file) {
  Object.assign(speech, { id, name, sound, seconds: sound?.duration ?? 0, start: 0, end: sound?.duration ?? 0, mark: 0 });
  find("wave").hidden = !sound;
  find("speech-invite").hidden = true;
  find("speech-told").textContent = sound ? name : `${name}: it cannot be shown here, and is used as it is.`;
  if (sound) {
    audio.src = URL.createObjectURL(file);
    drawAll();
  }
  state.keys = state.keys.filter((key, index) => index === 0 || key.time < speech.seconds);
  state.chosen = Math.min(state.chosen, state.keys.length - 1);
  changed("keys");
}

function forget() {
  audio.pause();
  if (audio.src) URL.revokeObjectURL(audio.src);
  Object.assign(speech, { id: null, sound: null, seconds: 0, start: 0, end: 0, mark: 0 });
  find("wave").hidden = true;
  find("speech-invite").hidden = false;
}

const isWhole = () => !speech.sound || (speech.start === 0 && speech.end === speech.seconds);

/** The id of what is spoken, cut where it was trimmed. */
export async function spoken() {
  if (isWhole()) return speech.id;
  const key = `${speech.id} ${speech.start} ${speech.end}`;
  if (cutId.key !== key) {
    cutId = { key, id: (await api.send(wavOf(speech.sound, speech.start, speech.end))).id };
    remember(cutId.id, `${speech.name.replace(/\.\w+$/, "")}, ${speech.start.toFixed(1)} to ${speech.end.toFixed(1)} s.wav`);
  }
  return cutId.id;
}

async function toggleRecording() {
  if (recorder) return recorder.stop();
  untell("speech");
  try {
    recorder = await record();
  } catch {
    return tell({ message: "The microphone cannot be used. Allow it in the browser, or choose a file." }, "speech");
  }
  drawRecording(true);
  const blob = await recorder.recording;
  recorder = null;
  drawRecording(false);
  return take(new File([blob], "recording"));
}

function drawRecording(on) {
  find("record").setAttribute("aria-pressed", on);
  find("record").textContent = on ? "Stop recording" : "Record";
}

function togglePlaying() {
  if (!audio.paused) return audio.pause();
  if (speech.mark >= speech.end - 0.05 || speech.mark < speech.start) seek(speech.start);
  return audio.play();
}

function drawPlay() { find("play").textContent = audio.paused ? "Play" : "Pause"; }

function follow() {
  if (audio.paused) return;
  speech.mark = Math.min(audio.currentTime, speech.end);
  drawMark();
  if (audio.currentTime >= speech.end) audio.pause();
  requestAnimationFrame(follow);
}

export function seek(time) {
  speech.mark = clamp(time, speech.start, speech.end);
  audio.currentTime = speech.mark;
  drawMark();
}

/** The time below a pointer [s]. */
export function timeAt(event) {
  const box = find("track").getBoundingClientRect();
  return clamp((event.clientX - box.left) / box.width, 0, 1) * speech.seconds;
}

function startGrip(end) {
  const grip = find(`grip-${end}`);
  drags(grip, (event) => trim(end, timeAt(event)), () => changed("keys"));
  grip.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.1, ArrowRight: 0.1 }[event.key];
    if (!step) return;
    event.preventDefault();
    trim(end, speech[end] + step);
    changed("keys");
  });
}

function trim(end, time) {
  speech[end] = end === "start" ? clamp(time, 0, speech.end - LEAST) : clamp(time, speech.start + LEAST, speech.seconds);
  speech.mark = clamp(speech.mark, speech.start, speech.end);
  drawAll();
}

function drawAll() {
  drawPeaks();
  drawMark();
  const share = (time) => `${100 * time / speech.seconds}%`;
  find("cut-start").style.width = share(speech.start);
  find("cut-end").style.width = share(speech.seconds - speech.end);
  for (const end of ["start", "end"]) {
    const grip = find(`grip-${end}`);
    grip.style.left = share(speech[end]);
    for (const [name, value] of [["min", 0], ["max", speech.seconds.toFixed(1)], ["now", speech[end].toFixed(1)], ["text", `${speech[end].toFixed(1)} seconds`]]) {
      grip.setAttribute(`aria-value${name}`, value);
    }
  }
}

function drawMark() {
  find("head").style.left = `${100 * speech.mark / speech.seconds}%`;
  find("times").textContent = `${speech.mark.toFixed(1)} s of ${(speech.end - speech.start).toFixed(1)} s`;
}

function drawPeaks() {
  const canvas = find("peaks");
  if (!speech.sound || !canvas.clientWidth) return;
  const ratio = devicePixelRatio;
  Object.assign(canvas, { width: canvas.clientWidth * ratio, height: canvas.clientHeight * ratio });
  const peaks = peaksOf(speech.sound, Math.floor(canvas.clientWidth / 3));
  const loudest = Math.max(...peaks.map(([low, high]) => Math.max(high, -low)), 1e-4);
  const pen = canvas.getContext("2d");
  pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--wave");
  peaks.forEach(([low, high], index) => {
    const [top, bottom] = [high, low].map((value) => canvas.height / 2 * (1 - 0.9 * value / loudest));
    pen.fillRect(index * 3 * ratio, top, 2 * ratio, Math.max(bottom - top, ratio));
  });
}
