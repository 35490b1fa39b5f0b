// A microphone whose sound is handed on as it is spoken.

const LONGEST = 3; // s that the own voice can be held back

export class Microphone {
  constructor(context, stream, ear) {
    Object.assign(this, { context, stream, ear, samples: 0, times: [] });
    this.delay = new DelayNode(context, { maxDelayTime: LONGEST });
    this.loudness = new GainNode(context, { gain: 0 });
    ear.connect(this.delay).connect(this.loudness).connect(context.destination);
  }

  /** Ask for it. Throws where that is not allowed. */
  static async open() {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true } });
    const context = new AudioContext({ latencyHint: "interactive" });
    await context.audioWorklet.addModule(new URL("worklet.js", import.meta.url));
    const ear = new AudioWorkletNode(context, "ear", { outputChannelCount: [1] });
    context.createMediaStreamSource(stream).connect(ear);
    return new Microphone(context, stream, ear);
  }

  get rate() { return this.context.sampleRate; }

  /** Call `take` with each portion (Int16Array) from now on. */
  hear(take) {
    this.ear.port.onmessage = ({ data }) => {
      this.samples += data.length;
      this.times.push({ end: this.samples, at: performance.now() });
      if (this.times.length > 500) this.times.shift();
      take(data);
    };
    this.ear.port.postMessage("hear");
  }

  /** When a moment of what was heard was spoken [ms]; the moment is told in seconds of sound. */
  spokenAt(time) {
    const sample = time * this.rate;
    const portion = this.times.find(({ end }) => end >= sample) ?? this.times.at(-1);
    return portion.at - 1000 * (portion.end - sample) / this.rate;
  }

  /** Let the voice be heard, so many seconds late; 0 for not at all. */
  play(late) {
    this.loudness.gain.setTargetAtTime(late ? 1 : 0, this.context.currentTime, 0.05);
    this.delay.delayTime.setTargetAtTime(Math.min(late, LONGEST), this.context.currentTime, 0.3);
  }

  close() {
    this.stream.getTracks().forEach((track) => track.stop());
    return this.context.close();
  }
}
