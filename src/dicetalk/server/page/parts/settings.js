// Settings: the fields of a request, as the page has them, and as a file that it reads back.

import * as api from "./api.js";
import { changed, state } from "./state.js";
import { chooseSource, emotionFields, reopenFile } from "./emotion.js";
import { moodOf } from "./moods.js";
import { find, takes, tell, untell } from "./page.js";
import { reopen } from "./portrait.js";
import { reopenSpeech, speech, spoken } from "./speech.js";

export function startSettings() {
  takes(find("settings-file").parentElement, [find("settings-file")], read);
}

/** What POST /v1/videos takes. Throws a `Problem` where something is missing. */
export async function requestOf() {
  if (!state.portrait) throw new api.Problem({ field: "portrait", detail: "Choose a picture with a face first" });
  if (!speech.id) throw new api.Problem({ field: "speech", detail: "Choose or record the speech first" });
  const felt = emotionFields(speech.start);
  if (!find("rights").checked) throw new api.Problem({ field: "consent", detail: "Please confirm this first" });
  return {
    portrait: state.portrait, speech: await spoken(), face: state.face, ...felt,
    size: Number(find("size").value), seed: Number(find("seed").value),
    head: Number(find("head-amount").value), blink: Number(find("blink").value),
    ...(find("gaze").checked && { gaze: "camera" }), ...(find("crop").checked && { crop: true }),
    ...(find("ease").checked && { ease: true }), ...(find("anyway").checked && { anyway: true }),
    consent: "confirmed on the page: may use this face and this voice",
  };
}

async function read(file) {
  untell("settings");
  try {
    const told = JSON.parse(await file.text());
    await open(told);
  } catch (error) {
    const message = error instanceof api.Problem ? error.message : `${file.name} holds no settings of this page`;
    tell({ message }, "settings");
  }
}

/** The settings of a job that is done: keys of the page, which the server keeps as a file, as they were. */
export function settingsOf({ request, result }) {
  const moods = request.emotion === "file" && result.heard.keys.every((key) => moodOf(key.emotion, state.names, state.strength));
  if (!moods) return request;
  const { emotion_file: _, ...others } = request;
  return { ...others, emotion: result.heard };
}

/** Put the page as a request says. */
export async function open(told) {
  if (typeof told?.portrait !== "string") throw new TypeError("no settings");
  find("size").value = told.size ?? 512;
  find("seed").value = told.seed ?? 0;
  find("head-amount").value = told.head ?? 1;
  find("blink").value = told.blink ?? 1;
  find("gaze").checked = told.gaze === "camera";
  find("crop").checked = Boolean(told.crop);
  find("ease").checked = Boolean(told.ease);
  openEmotion(told);
  if (told.speech) reopenSpeech(told.speech);
  changed("keys");
  await reopen(told.portrait, told.face ?? null, Boolean(told.anyway));
}

function openEmotion({ emotion = "neutral", emotion_file: file }) {
  if (emotion === "auto") return chooseSource("auto");
  if (typeof emotion === "string" && emotion.startsWith("like:")) {
    reopenFile("like", file, "video");
    return chooseSource("like");
  }
  if (file) {
    reopenFile("own", file, emotion === "file" ? "timeline" : "emotions", emotion.split(":")[1]);
    return chooseSource("own");
  }
  const keys = typeof emotion === "object" ? emotion.keys : [{ time: 0, emotion }];
  const moods = keys.map((key) => ({ time: key.time, ...moodOf(key.emotion, state.names, state.strength) }));
  if (moods.some((mood) => !mood.mix)) throw new TypeError("no settings");
  Object.assign(state, { keys: moods, chosen: 0 });
  return chooseSource("chosen");
}
