/**
 * The tape: sound that plays gaplessly, stops at once, keeps its place and goes on from it, exact to the sample.
 * Pure: it runs in an AudioWorklet, in a ScriptProcessor and in node.
 */

/** Seconds of fade at a stop: short enough to be "at once", long enough not to click. */
const FADE = 0.005;

/**
 * @typedef {{frame: number, turn: number, position: number, running: boolean}} Change
 *   at context frame `frame` the tape stood `position` samples into `turn`, and from there it ran or stood still
 */

export class Tape {
  /** @type {{turn: number, samples: Float32Array}[]} */
  #chunks = [];
  #offset = 0;
  #held = false;
  /** The hold cut into sound. */
  #cut = false;
  #running = false;
  #turn = 0;
  #position = 0;
  /** What is still fading out: already shaped. Mixed over whatever plays next. */
  #tail = new Float32Array(0);
  #tailAt = 0;
  #fade;
  /** Samples of fade-in already played; at `#fade` the sound is at full level. */
  #rise;
  /** @type {Change[]} */
  #changes = [];

  /** @param {number} rate samples per second */
  constructor(rate) {
    this.#fade = Math.round(rate * FADE);
    this.#rise = this.#fade;
  }

  /** @param {number} turn @param {Float32Array} samples at the rate of the tape */
  push(turn, samples) {
    if (samples.length) this.#chunks.push({ turn, samples });
  }

  /**
   * Falls silent and keeps the place. The fade-out plays a copy of what would have come, and `resume` fades the same
   * samples in again: the two ramps add up to the original, so that nothing is lost.
   */
  hold() {
    if (this.#held) return;
    this.#held = true;
    this.#cut = this.#running;
    this.#fadeOut();
  }

  resume() {
    if (this.#held && this.#cut) this.#rise = 0;
    this.#held = false;
  }

  /** Falls silent and throws away the sound of every turn up to `turn`. */
  drop(turn) {
    if (!this.#held && this.#chunks[0]?.turn <= turn) this.#fadeOut();
    if (this.#chunks[0]?.turn <= turn) this.#offset = 0;
    this.#chunks = this.#chunks.filter((chunk) => chunk.turn > turn);
    this.#held = false;
    this.#rise = this.#fade;
  }

  /** Forgets everything, numbers of turns included. */
  reset() {
    this.drop(Infinity);
    this.#turn = 0;
    this.#position = 0;
  }

  /**
   * Fills `out` with the next samples.
   * @param {Float32Array} out
   * @param {number} frame context frame of out[0]
   * @returns {Change[]} what changed on the way, oldest first
   */
  render(out, frame) {
    this.#changes = [];
    let i = 0;
    while (i < out.length && !this.#held && this.#chunks.length) i = this.#copy(out, i, frame);
    out.fill(0, i);
    if (i < out.length && this.#running) this.#note(frame + i, false);
    this.#mixTail(out);
    return this.#changes;
  }

  #copy(out, i, frame) {
    const { turn, samples } = this.#chunks[0];
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#position = 0;
      this.#note(frame + i, true);
    } else if (!this.#running) this.#note(frame + i, true);
    const n = Math.min(out.length - i, samples.length - this.#offset);
    for (let k = 0; k < n; k++) {
      const gain = this.#rise < this.#fade ? this.#rise++ / this.#fade : 1;
      out[i + k] = gain * samples[this.#offset + k];
    }
    this.#offset += n;
    this.#position += n;
    if (this.#offset === samples.length) {
      this.#chunks.shift();
      this.#offset = 0;
    }
    return i + n;
  }

  #note(frame, running) {
    this.#running = running;
    this.#changes.push({ frame, turn: this.#turn, position: this.#position, running });
  }

  #fadeOut() {
    const tail = new Float32Array(this.#fade);
    let i = 0;
    let offset = this.#offset;
    for (const { samples } of this.#chunks) {
      for (; offset < samples.length && i < tail.length; i++) tail[i] = (1 - i / this.#fade) * samples[offset++];
      offset = 0;
    }
    this.#tail = this.#running ? tail : new Float32Array(0);
    this.#tailAt = 0;
  }

  #mixTail(out) {
    const n = Math.min(out.length, this.#tail.length - this.#tailAt);
    for (let i = 0; i < n; i++) out[i] += this.#tail[this.#tailAt + i];
    this.#tailAt += n;
  }
}
