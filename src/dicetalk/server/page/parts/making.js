// A video: asked for, watched while it is made, stopped, and given out.

import * as api from "./api.js";
import { changed } from "./state.js";
import { playGrowing } from "./film.js";
import { nameOf } from "./names.js";
import { element, find, isTold, settled, tell, untell } from "./page.js";
import { fileOf, requestOf } from "./settings.js";

const EVERY = 400; // ms between two looks at a job
const KEPT = "dicetalk.job";
const WORDS = { loading: "Getting ready", reading: "Reading the picture", listening: "Listening to the speech", denoising: "Thinking of the motion", rendering: "Drawing" };

let shown = null; // id of the job that is looked at
let playing = new AbortController(); // of what grows

export function startMaking() {
  find("make").addEventListener("click", make);
  find("cancel").addEventListener("click", cancel);
  find("again").addEventListener("click", () => { find("seed").value = Number(find("seed").value) + 1; make(); });
  find("video").addEventListener("playing", () => { find("video").dataset.first ??= (performance.now() - begun).toFixed(0); });
  const id = localStorage.getItem(KEPT);
  if (id) resume(id);
}

let begun = 0;

async function make() {
  untell("portrait", "emotion", "speech", "voice", "consent", "settings", "video");
  begun = performance.now();
  find("make").disabled = true;
  try {
    await settled();
    if (isTold("portrait", "emotion", "speech")) return;
    const { id } = await api.make(await requestOf());
    localStorage.setItem(KEPT, id);
    await watch(id, true);
  } catch (error) {
    tell(error, "video");
  } finally {
    find("make").disabled = shown !== null && !find("cancel").hidden;
  }
}

/** Go on with what was looked at before the page was loaded again. */
async function resume(id) {
  try {
    await watch(id, false);
  } catch (error) {
    localStorage.removeItem(KEPT);
    if (error.status !== 404) tell(error, "video");
  }
}

/** Show a job: play it, and tell how far it is, until it is over. */
export async function watch(id, play) {
  shown = id;
  localStorage.setItem(KEPT, id);
  let told = await api.job(id);
  if (shown !== id) return;
  prepare(told, play);
  while (told.status === "queued" || told.status === "running") {
    draw(told);
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    if (shown !== id) return;
    told = await api.job(id).catch((error) => { if (error.status) throw error; return told; }); // the server comes back
  }
  if (shown === id) finish(told);
}

function prepare(told, play) {
  const video = find("video");
  find("downloads").hidden = true;
  find("warnings").replaceChildren();
  const playable = ["queued", "running", "done"].includes(told.status);
  find("shown").hidden = !playable;
  delete video.dataset.first;
  delete video.dataset.bytes;
  playing.abort();
  if (!playable) return;
  video.dataset.live = told.status !== "done";
  if (told.status === "done") video.src = api.content(told.id);
  else {
    playing = new AbortController();
    playGrowing(video, api.content(told.id), playing.signal).catch(() => {}); // what went wrong is told by its job
  }
  if (play) video.play().catch(() => {}); // a browser that wants a press of the play button gets one
}

function draw(told) {
  find("progress").hidden = find("cancel").hidden = false;
  find("make").disabled = true;
  const share = told.progress?.share;
  if (share === null || share === undefined) find("bar").removeAttribute("value");
  else find("bar").value = share;
  find("progress-told").textContent = progressOf(told);
  if (told.progress?.work === "denoising") look(told);
}

let looked = ""; // the step that was looked at last

/** Show how far the pictures are out of the noise, once a step. */
async function look({ id, progress }) {
  const step = `${id} ${progress.done}`;
  if (step === looked || !progress.done) return;
  looked = step;
  const rough = await api.rough(id).catch(() => null); // a backbone that has none, or a job that is over by now
  if (!rough || shown !== id) return;
  URL.revokeObjectURL(find("rough").src);
  find("rough").src = URL.createObjectURL(rough);
  find("rough").hidden = false;
}

function progressOf({ status, place, progress }) {
  if (status === "queued") return place > 1 ? `Waiting: ${place - 1} before this one.` : "Waiting to begin …";
  if (!progress) return "Starting …";
  const left = progress.left_s === null ? "" : `, about ${durationOf(progress.left_s)} left`;
  const count = progress.total ? ` ${progress.done} of ${progress.total} ${progress.things}` : " …";
  return `${WORDS[progress.work] ?? progress.work}${count}${left}`;
}

const durationOf = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`);

function finish(told) {
  find("progress").hidden = find("cancel").hidden = find("rough").hidden = true;
  find("make").disabled = false;
  changed("results");
  if (told.status === "done") return give(told);
  find("shown").hidden = true;
  find("video").removeAttribute("src");
  find("video").load();
  if (told.status === "failed") tell({ message: told.error.error, field: told.error.field }, "video");
}

function give(told) {
  const video = find("video");
  if (video.dataset.live === "true") replaceAtEnd(video, told);
  find("shown").hidden = find("downloads").hidden = false;
  find("warnings").replaceChildren(...(told.result.warnings ?? []).map((textContent) => element("li", { textContent })));
  find("get-video").href = `${api.content(told.id)}?download=1`;
  find("get-motion").hidden = !told.links.motion;
  if (told.links.motion) find("get-motion").href = told.links.motion;
  find("get-speech").href = api.upload(told.request.speech);
  find("get-speech").download = nameOf(told.request.speech, "speech"); // by which the settings know it
  offer("get-settings", fileOf(told), "settings.json");
  offer("get-timeline", told.result.heard, "emotion.json");
}

/** What grew cannot be searched; the whole video takes its place once it was seen, or was never begun. */
function replaceAtEnd(video, told) {
  const swap = () => {
    video.dataset.live = false;
    video.src = api.content(told.id);
  };
  if (video.error || video.ended) swap();
  else video.addEventListener("ended", () => { if (shown === told.id) swap(); }, { once: true });
}

function offer(id, told, name) {
  const link = find(id);
  if (link.href.startsWith("blob:")) URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([JSON.stringify(told, null, 2)], { type: "application/json" }));
  link.download = name;
}

async function cancel() {
  find("cancel").disabled = true;
  try {
    await api.remove(shown);
  } catch (error) {
    tell(error, "video");
  }
  find("cancel").disabled = false;
}

/** Look no longer at a job that was removed. */
export function leave(id) {
  if (shown !== id) return;
  shown = null;
  localStorage.removeItem(KEPT);
  find("shown").hidden = true;
  find("video").removeAttribute("src");
  find("video").load();
}
