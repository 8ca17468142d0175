/** The microphone as frames of 20 ms, on the audio thread. */

const FRAMES_PER_SECOND = 50;

class MicProcessor extends AudioWorkletProcessor {
  #frame = new Int16Array(Math.round(sampleRate / FRAMES_PER_SECOND));
  #filled = 0;
  /** Sum of squares over the frame so far. */
  #energy = 0;

  process([[input]]) {
    for (const sample of input ?? []) this.#take(Math.max(-1, Math.min(1, sample)));
    return true;
  }

  #take(sample) {
    this.#frame[this.#filled++] = Math.round(32767 * sample);
    this.#energy += sample * sample;
    if (this.#filled < this.#frame.length) return;
    const level = Math.sqrt(this.#energy / this.#filled);
    this.port.postMessage({ pcm: this.#frame.buffer, level, time: currentTime }, [this.#frame.buffer]);
    this.#frame = new Int16Array(this.#filled);
    this.#filled = 0;
    this.#energy = 0;
  }
}

registerProcessor("mic", MicProcessor);
