// The last results, as the server keeps them.

import * as api from "./api.js";
import { when } from "./state.js";
import { element, find, tell, untell } from "./page.js";
import { leave, watch } from "./making.js";
import { fieldsOf, open } from "./settings.js";

export function startResults() {
  when("results", draw);
  draw();
}

async function draw() {
  const { videos } = await api.jobs().catch(() => ({ videos: [] }));
  const done = videos.filter((told) => told.status === "done");
  find("results").hidden = !done.length;
  find("list").replaceChildren(...done.map(card));
}

function card(told) {
  const text = `${feltIn(fieldsOf(told).emotion)} · ${told.result.seconds.toFixed(1)} s · take ${told.request.seed ?? 0}`;
  const video = element("video", { src: `${api.content(told.id)}#t=0.5`, preload: "metadata", muted: true, playsInline: true });
  video.setAttribute("aria-hidden", "true");
  const act = (label, call) => {
    const made = element("button", { type: "button", className: "quiet", textContent: label });
    made.setAttribute("aria-label", `${label}: ${text}`);
    made.addEventListener("click", () => { untell("video"); call().catch((error) => tell(error, "video")); });
    return made;
  };
  const row = element("div", { className: "row" },
    act("Show", () => { find("making").scrollIntoView(); return watch(told.id, true); }),
    act("Edit", () => { find("portrait").scrollIntoView(); return open(fieldsOf(told)); }),
    act("Remove", async () => { await api.remove(told.id); leave(told.id); await draw(); }));
  return element("li", {}, video, element("p", { textContent: text }), row);
}

function feltIn(emotion) {
  if (emotion === undefined) return "neutral";
  if (typeof emotion === "object") return `${emotion.keys.length} emotions`;
  const words = { auto: "as heard", "like:file": "as in a clip", file: "from a file" };
  return words[emotion] ?? emotion.replaceAll(/:([\d.]+)/g, (_, value) => ` ${Math.round(100 * value)} %`).replaceAll(",", ", ");
}
