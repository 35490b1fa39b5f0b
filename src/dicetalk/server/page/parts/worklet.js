// In the sound's own thread: what the microphone hears, in portions of 40 ms of 16 bits.

class Ear extends AudioWorkletProcessor {
  constructor() {
    super();
    this.portion = new Int16Array(Math.round(sampleRate / 25));
    this.filled = 0;
    this.isHeard = false; // what is spoken before somebody listens is not kept
    this.port.onmessage = () => { this.isHeard = true; };
  }

  process([[heard]]) {
    for (const value of (this.isHeard && heard) || []) {
      this.portion[this.filled++] = Math.max(-1, Math.min(1, value)) * 32767;
      if (this.filled < this.portion.length) continue;
      this.port.postMessage(this.portion.slice());
      this.filled = 0;
    }
    return true;
  }
}

registerProcessor("ear", Ear);
