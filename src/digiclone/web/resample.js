/**
 * Streaming sample-rate conversion by a windowed sinc. Web Audio's own, for a buffer at a foreign rate, interpolates
 * linearly and starts afresh at every chunk: audible as hiss on a 24 kHz voice and as ticks at the joints.
 */

/** Zero crossings of the sinc on either side: more is sharper and slower. */
const LOBES = 16;

export class Resampler {
  #from;
  #to;
  /** Input samples on either side of an output sample. */
  #half;
  /** Of the lower of the two Nyquist frequencies to the input's. */
  #cutoff;
  /** @type {Float32Array[]} filter for each of the distances that an output sample can have from the input grid */
  #phases;
  /** Input not yet done with; its first sample has index `#start`. */
  #input;
  #start;
  #received = 0;
  #sent = 0;

  /** @param {number} from @param {number} to whole samples per second */
  constructor(from, to) {
    const divisor = gcd(from, to);
    this.#from = from / divisor;
    this.#to = to / divisor;
    const cutoff = Math.min(1, to / from);
    this.#half = Math.ceil(LOBES / cutoff);
    this.#phases = new Array(this.#to);
    this.#cutoff = cutoff;
    this.#input = new Float32Array(this.#half);
    this.#start = -this.#half;
  }

  /**
   * @param {Float32Array} chunk at the rate `from`
   * @returns {Float32Array} at the rate `to`; what needs the future is kept back for the next call
   */
  push(chunk) {
    this.#received += chunk.length;
    const input = new Float32Array(this.#input.length + chunk.length);
    input.set(this.#input);
    input.set(chunk, this.#input.length);
    this.#input = input;
    return this.#emit(this.#start + input.length - this.#half);
  }

  /** The rest, as if silence followed. The whole then lasts as long as the input. */
  flush() {
    const input = new Float32Array(this.#input.length + this.#half);
    input.set(this.#input);
    this.#input = input;
    return this.#emit(this.#received);
  }

  /** Output samples that lie before input sample `end`. */
  #emit(end) {
    const last = Math.max(this.#sent, Math.ceil((end * this.#to) / this.#from));
    const out = new Float32Array(last - this.#sent);
    for (let i = 0; i < out.length; i++) {
      const place = (this.#sent + i) * this.#from;
      const left = Math.floor(place / this.#to) - this.#half + 1 - this.#start;
      const filter = this.#filter(place % this.#to);
      let sum = 0;
      for (let k = 0; k < filter.length; k++) sum += filter[k] * (this.#input[left + k] ?? 0);
      out[i] = sum;
    }
    this.#sent = last;
    this.#forget();
    return out;
  }

  #filter(phase) {
    return (this.#phases[phase] ??= kernel(phase / this.#to, this.#half, this.#cutoff));
  }

  #forget() {
    const needed = Math.floor((this.#sent * this.#from) / this.#to) - this.#half + 1;
    this.#input = this.#input.slice(Math.max(0, needed - this.#start));
    this.#start = Math.max(this.#start, needed);
  }
}

/**
 * Taps for an output sample `fraction` of an input sample after input sample `half - 1` of the window.
 * @param {number} fraction in [0, 1)
 */
function kernel(fraction, half, cutoff) {
  const taps = new Float32Array(2 * half);
  let sum = 0;
  for (let k = 0; k < taps.length; k++) {
    const x = k - half + 1 - fraction;
    const angle = (Math.PI * x) / half;
    const window = Math.abs(x) < half ? 0.42 + 0.5 * Math.cos(angle) + 0.08 * Math.cos(2 * angle) : 0;
    taps[k] = sinc(cutoff * x) * window;
    sum += taps[k];
  }
  return taps.map((tap) => tap / sum);
}

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const gcd = (a, b) => (b === 0 ? a : gcd(b, a % b));
