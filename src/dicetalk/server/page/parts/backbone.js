// What draws the video, and what it will take here.

import * as api from "./api.js";
import { when } from "./state.js";
import { find, sentence } from "./page.js";
import { speech } from "./speech.js";

const USUAL = 10; // s of speech, where there is none yet

export function startBackbone() {
  find("backbone").addEventListener("change", foretell);
  find("preset").addEventListener("change", foretell);
  when("keys", foretell); // the speech is another one, or was trimmed
}

export const backboneFields = () =>
  (find("backbone").value === "svd" ? { backbone: "svd", options: { preset: find("preset").value } } : { backbone: find("backbone").value });

export function openBackbone({ backbone = "rules", options = {} }) {
  find("backbone").value = backbone;
  find("preset").value = options.preset ?? "balanced";
  foretell();
}

/** Say what the chosen one will take, where that is much. */
async function foretell() {
  const backbone = find("backbone").value;
  const slow = backbone === "svd";
  find("preset-label").hidden = find("forecast").hidden = !slow;
  if (!slow) return;
  find("forecast").textContent = "Reckoning what it takes …";
  const told = await api.forecast(backbone, Math.max(speech.end - speech.start, 0) || USUAL).catch((error) => ({ problem: error.message }));
  if (backbone === find("backbone").value) find("forecast").textContent = wordsOf(told);
}

function wordsOf({ problem, forecast }) {
  const cost = forecast?.costs.find((some) => some.preset === find("preset").value && some.memory === "normal");
  const takes = cost && `${forecast.seconds.toFixed(0)} s of speech take about ${durationOf(cost.predicted_s)} and ${cost.peak_gb.toFixed(0)} GB of memory here`
    + `, where ${forecast.free_gb.toFixed(0)} GB are free${cost.fits ? "" : ": too little"}. On a GPU it needs ${cost.gpu_peak_gb.toFixed(0)} GB.`;
  return [takes, forecast?.advice, problem && `it cannot be used here: ${problem}`].filter(Boolean).map(sentence).join(" ");
}

function durationOf(seconds) {
  const [length, unit] = [[86400, "days"], [3600, "h"], [60, "min"]].find(([some]) => seconds >= 2 * some) ?? [1, "s"];
  return `${(seconds / length).toFixed(0)} ${unit}`;
}
