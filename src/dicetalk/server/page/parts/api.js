// What the server is asked; its problems are thrown as `Problem`.

export class Problem extends Error {
  constructor(told) {
    super(told.detail || told.title || "the server gave no answer that can be read");
    this.status = told.status;
    this.field = told.field;
  }
}

export async function ask(path, options = {}, again = true) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ detail: "The server cannot be reached. Is “dicetalk serve” still running?" });
  }
  if (answer.ok) return answer;
  if (answer.status === 401 && again) {
    await keys.ask();
    return ask(path, options, false);
  }
  throw new Problem({ status: answer.status, ...(await answer.json().catch(() => ({}))) });
}

/** Whoever is asked for a key, where the server wants one. */
export const keys = { ask: null };

/** Show a key; the server answers with a cookie that stands for it. */
export const show = (key) => ask("/v1/session", { method: "POST", headers: { Authorization: `Bearer ${key}` } }, false);

const json = async (path, options) => (await ask(path, options)).json();
const post = (told) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(told) });

export const send = (blob) =>
  json("/v1/uploads", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: blob });
export const faces = (portrait) => json("/v1/faces", post({ portrait }));
export const emotions = () => json("/v1/emotions");
export const make = (request) => json("/v1/videos", post(request));
export const job = (id) => json(`/v1/videos/${id}`);
export const jobs = () => json("/v1/videos?limit=12");
export const remove = (id) => ask(`/v1/videos/${id}`, { method: "DELETE" });
export const upload = (id) => `/v1/uploads/${id}`;
export const file = async (id) => (await ask(upload(id))).blob();
export const forecast = (backbone, seconds) => json(`/v1/forecast?backbone=${backbone}&seconds=${seconds}`);
export const rough = async (id) => (await ask(`/v1/videos/${id}/preview`)).blob();
export const content = (id) => `/v1/videos/${id}/content`;
export const motion = (id) => `/v1/videos/${id}/motion`;
export const still = async (asked) => (await ask("/v1/preview", post(asked))).blob();
export const live = () => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/live`;
