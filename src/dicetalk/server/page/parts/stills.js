// Pictures of the portrait with an emotion: each is asked for once, one at a time, and what is wished now goes first.

import * as api from "./api.js";
import { state } from "./state.js";
import { find } from "./page.js";

const SIZE = 512;
const MOST = 80;
const kept = new Map();
let about = "";
const waiting = []; // what is asked for next, in this order
let busy = false;

const framing = () => ({ portrait: state.portrait, face: state.face, anyway: find("anyway").checked, crop: true, size: SIZE });

function forgetOthers() {
  const now = JSON.stringify(framing());
  if (now === about) return;
  kept.forEach((promise) => promise.then(URL.revokeObjectURL, () => {}));
  kept.clear();
  about = now;
}

/** The address of a still of an emotion, as text. `first`: somebody waits for just this one. */
export function stillOf(emotion, first = false) {
  forgetOthers();
  if (!kept.has(emotion)) {
    const asked = { ...framing(), emotion };
    const promise = new Promise((resolve) => {
      waiting[first ? "unshift" : "push"](() => { const asking = api.still(asked); resolve(asking); return asking; });
    }).then((blob) => URL.createObjectURL(blob));
    draw();
    promise.catch(() => kept.delete(emotion));
    kept.set(emotion, promise);
    if (kept.size > MOST) forget(kept.keys().next().value);
  }
  return kept.get(emotion);
}

async function draw() {
  if (busy) return;
  busy = true;
  while (waiting.length) await waiting.shift()().catch(() => {}); // whoever asked is told
  busy = false;
}

function forget(emotion) {
  kept.get(emotion).then((url) => setTimeout(URL.revokeObjectURL, 60000, url), () => {});
  kept.delete(emotion);
}

/** Shows what is wished last; what was wished while another one was drawn, and is not wished any more, is never asked for. */
export class Latest {
  constructor(show, fail) { Object.assign(this, { show, fail, wish: null, busy: false }); }

  async want(emotion) {
    this.wish = { emotion, at: performance.now() };
    if (this.busy) return;
    this.busy = true;
    while (this.wish) {
      const { emotion: now, at } = this.wish;
      this.wish = null;
      try {
        await this.show(await stillOf(now, true), at);
      } catch (error) {
        this.fail(error);
      }
    }
    this.busy = false;
  }
}
