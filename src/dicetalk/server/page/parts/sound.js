// Sound: read, cut and recorded in the browser.

const decoder = () => new OfflineAudioContext(1, 1, 44100);

/** The samples of a file; null where the browser cannot read it. */
export async function decode(blob) {
  try {
    return await decoder().decodeAudioData(await blob.arrayBuffer());
  } catch {
    return null;
  }
}

/** The lowest and highest sample of each of `count` equal pieces. */
export function peaksOf(sound, count) {
  const samples = sound.getChannelData(0);
  const per = samples.length / count;
  return Array.from({ length: count }, (_, index) => {
    const [start, end] = [Math.floor(index * per), Math.max(Math.floor((index + 1) * per), Math.floor(index * per) + 1)];
    let low = 0;
    let high = 0;
    for (let at = start; at < Math.min(end, samples.length); at++) {
      if (samples[at] < low) low = samples[at];
      if (samples[at] > high) high = samples[at];
    }
    return [low, high];
  });
}

/** A part of a sound, `start` to `end` [s], as a WAV file of 16 bits. */
export function wavOf(sound, start, end) {
  const rate = sound.sampleRate;
  const channels = sound.numberOfChannels;
  const parts = Array.from({ length: channels }, (_, index) =>
    sound.getChannelData(index).subarray(Math.round(start * rate), Math.round(end * rate)));
  const count = parts[0].length;
  const view = new DataView(new ArrayBuffer(44 + count * channels * 2));
  const text = (at, word) => [...word].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + count * channels * 2, true); text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, channels, true);
  view.setUint32(24, rate, true); view.setUint32(28, rate * channels * 2, true);
  view.setUint16(32, channels * 2, true); view.setUint16(34, 16, true);
  text(36, "data"); view.setUint32(40, count * channels * 2, true);
  for (let at = 0, place = 44; at < count; at++) {
    for (const part of parts) {
      view.setInt16(place, Math.max(-1, Math.min(1, part[at])) * 32767, true);
      place += 2;
    }
  }
  return new Blob([view], { type: "audio/wav" });
}

/** Begin to record; gives what ends it, and promises the recording. */
export async function record() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream);
  const pieces = [];
  recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
  const recording = new Promise((resolve) => recorder.addEventListener("stop", () => {
    stream.getTracks().forEach((track) => track.stop());
    resolve(new Blob(pieces, { type: recorder.mimeType }));
  }));
  recorder.start();
  return { stop: () => recorder.stop(), recording };
}
