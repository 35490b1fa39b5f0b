// A video that plays while it is made: its pieces are handed to the player as they come.

import * as api from "./api.js";

const BEHIND = 20; // s that stay of what was played, where the player's memory is full
const Source = window.ManagedMediaSource ?? window.MediaSource;

/** Play what grows at an address, until it is whole or `signal` ends it. */
export async function playGrowing(video, path, signal) {
  if (!Source) {
    video.src = path;
    return;
  }
  const source = new Source();
  video.disableRemotePlayback = true; // what a phone's player asks for
  video.src = URL.createObjectURL(source);
  const [answer] = await Promise.all([api.ask(path, { signal }), once(source, "sourceopen")]);
  URL.revokeObjectURL(video.src);
  await fill(video, source, answer.body.getReader());
}

async function fill(video, source, reader) {
  let buffer = null;
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    video.dataset.bytes ??= performance.now();
    buffer ??= source.addSourceBuffer(`video/mp4; codecs="${codecOf(piece.value)}, mp4a.40.2"`);
    await append(video, buffer, piece.value);
  }
  if (source.readyState === "open") source.endOfStream();
}

async function append(video, buffer, bytes) {
  try {
    buffer.appendBuffer(bytes);
  } catch (error) {
    if (error.name !== "QuotaExceededError") throw error;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    if (video.currentTime > BEHIND) {
      buffer.remove(0, video.currentTime - BEHIND);
      await once(buffer, "updateend");
    }
    return append(video, buffer, bytes);
  }
  return once(buffer, "updateend");
}

/** As the header says it: profile, what it keeps to, level. */
function codecOf(bytes) {
  const at = bytes.findIndex((_, index) => "avcC".split("").every((letter, place) => bytes[index + place] === letter.charCodeAt(0)));
  const [profile, keeps, level] = at < 0 ? [0x64, 0, 0x28] : bytes.subarray(at + 5, at + 8);
  return `avc1.${[profile, keeps, level].map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

const once = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
