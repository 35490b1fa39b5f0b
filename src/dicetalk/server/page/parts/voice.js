// What the voice is to feel: what it does by itself, what the face feels, or an emotion of its own.

import * as api from "./api.js";
import { state } from "./state.js";
import { moodOf } from "./moods.js";
import { element, find } from "./page.js";

const AS_FACE = ["", "same", "timeline"];
const UNHEARD = ["neutral", "contempt"]; // nobody's voice of them was learned from

export function startVoice() {
  find("voice-own").append(...state.names.filter(({ name }) => !UNHEARD.includes(name)).map(({ name }) => element("option", { textContent: name, value: name })));
  find("voice-emotion").addEventListener("change", draw);
  find("voice-strength").addEventListener("input", draw);
}

function draw() {
  find("voice-strength-label").hidden = AS_FACE.includes(find("voice-emotion").value);
  find("voice-note").hidden = !find("voice-emotion").value;
  find("voice-strength-told").textContent = `${Math.round(100 * find("voice-strength").value)} %`;
}

/** The field of the request; none where the voice stays. */
export function voiceField() {
  const wanted = find("voice-emotion").value;
  if (!wanted) return {};
  return { voice_emotion: AS_FACE.includes(wanted) ? wanted : `${wanted}:${find("voice-strength").value}` };
}

/** Put it as a request says. Throws a `Problem` for a mixture or a timeline of the voice's own. */
export function openVoice({ voice_emotion: told = "" }) {
  let wanted = told;
  if (!AS_FACE.includes(told)) {
    const { mix, strength } = moodOf(told, state.names, state.strength) ?? { mix: {} };
    wanted = Object.keys(mix).join();
    if (!find("voice-own").querySelector(`[value="${CSS.escape(wanted)}"]`)) throw new api.Problem({ field: "voice_emotion", detail: "The voice's emotion of the settings cannot be shown here" });
    find("voice-strength").value = strength;
  }
  find("voice-emotion").value = wanted;
  draw();
}
