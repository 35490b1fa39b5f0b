// Settings: what a video is made with, as a request, and as the file that page and command line read back.

import * as api from "./api.js";
import { changed, state } from "./state.js";
import { backboneFields, openBackbone } from "./backbone.js";
import { chooseSource, emotionFields, reopenFile } from "./emotion.js";
import { moodOf } from "./moods.js";
import { nameOf } from "./names.js";
import { find, takes, tell, untell } from "./page.js";
import { reopen } from "./portrait.js";
import { reopenSpeech, speech, spoken } from "./speech.js";
import { openVoice, voiceField } from "./voice.js";

const MARK = "dicetalk_settings";
const VERSION = 1;
const FILES = { portrait: "portrait", speech: "speech", emotion_file: "emotion", motion_in: "motion_in" };
const KNOWN = ["emotion", "as_strong_as", "voice_emotion", "seed", "face", "size", "fps", "head", "blink", "idle", "crop", "anyway", "ease", "channel", "gaze", "quality",
  "speakers", "backbone", "options", "marks", "visible_mark", "check"];

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
    ...voiceField(),
    ...(find("as-strong-as").value && { as_strong_as: Number(find("as-strong-as").value) }),
    ...(find("gaze").checked && { gaze: "camera" }), ...(find("crop").checked && { crop: true }),
    ...(find("ease").checked && { ease: true }), ...(find("anyway").checked && { anyway: true }),
    ...backboneFields(),
    consent: "confirmed on the page: may use this face and this voice",
  };
}

/** A file with the settings of a job. */
export function fileOf(told) {
  const fields = fieldsOf(told);
  const named = Object.entries(FILES).filter(([field]) => fields[field])
    .map(([field, what]) => [what, { name: nameOf(fields[field], what), sha256: fields[field] }]);
  const others = Object.entries(fields).filter(([field]) => KNOWN.includes(field));
  return { [MARK]: VERSION, files: Object.fromEntries(named), ...Object.fromEntries(others) };
}

async function read(file) {
  untell("settings", "voice");
  try {
    await open(requestIn(JSON.parse(await file.text())));
  } catch (error) {
    const message = error instanceof SyntaxError ? `${file.name} is no JSON; choose settings that this page gave` : error.message;
    tell({ message, field: error.field }, "settings");
  }
}

/** The fields of a request that a file of settings means. */
function requestIn(told) {
  const refuse = (detail) => { throw new api.Problem({ detail }); };
  if (told?.[MARK] === undefined) refuse("These are no settings of a video; choose a file that this page gave");
  if (told[MARK] !== VERSION) refuse(`The settings are of version ${told[MARK]}; this page reads version ${VERSION}`);
  const { [MARK]: _, files = {}, ...fields } = told;
  for (const name of Object.keys(fields)) if (!KNOWN.includes(name)) refuse(`The settings have no field “${name}”; expected some of: ${KNOWN.join(", ")}`);
  for (const what of Object.keys(files)) if (!Object.values(FILES).includes(what)) refuse(`The settings have no file “${what}”; expected some of: ${Object.values(FILES).join(", ")}`);
  for (const [field, what] of Object.entries(FILES)) if (files[what]) fields[field] = files[what].sha256;
  return fields;
}

/** The fields of a job that is done: keys of the page, which the server keeps as a file, as they were. */
export function fieldsOf({ request, result }) {
  const moods = request.emotion === "file" && result.heard.keys.every((key) => moodOf(key.emotion, state.names, state.strength));
  if (!moods) return request;
  const { emotion_file: _, ...others } = request;
  return { ...others, emotion: { keys: result.heard.keys.map(({ time, emotion }) => ({ time, emotion })) } };
}

/** Put the page as a request says. Throws a `Problem` for what the server does not have any more; the rest is put. */
export async function open(told) {
  find("size").value = told.size ?? 512;
  find("seed").value = told.seed ?? 0;
  find("head-amount").value = told.head ?? 1;
  find("blink").value = told.blink ?? 1;
  find("as-strong-as").value = told.as_strong_as ?? "";
  find("gaze").checked = told.gaze === "camera";
  find("crop").checked = Boolean(told.crop);
  find("ease").checked = Boolean(told.ease);
  openBackbone(told);
  openEmotion(told);
  const opening = [told.speech && reopenSpeech(told.speech), told.portrait && reopen(told.portrait, told.face ?? null, Boolean(told.anyway))];
  const failed = (await Promise.allSettled(opening)).map(({ reason }) => reason);
  ["speech", "portrait"].forEach((field, index) => { if (failed[index]) tell({ message: gone(field, told[field], failed[index]) }, field); });
  openVoice(told);
}

const gone = (what, id, { status, message }) =>
  (status === 404 || status === 422 ? `The ${what} of the settings, ${nameOf(id, "a file")}, is not here any more; choose it again` : message);

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
  if (moods.some((mood) => !mood.mix)) throw new api.Problem({ field: "emotion", detail: "The emotion of the settings cannot be shown here" });
  Object.assign(state, { keys: moods, chosen: 0 });
  return chooseSource("chosen");
}
