/** The microphone: open only while it is wanted, and nothing leaves the page while the gate is shut. */

/** Frames (of 20 ms) that wait behind a shut gate, so that a press that turns out to be a hold loses no word: 0.6 s. */
const KEPT = 30;
/** Seconds after which a frame is too old: a page that hung must not catch up faster than the server allows. */
const STALE = 1;

/** Why there is no microphone, in words that say what to do. */
const TROUBLE = {
  NotAllowedError:
    "The microphone is blocked. Allow it in the address bar, then press the button again. You can also type.",
  NotFoundError: "No microphone was found. Plug one in, then press the button again. You can also type.",
  NotReadableError:
    "Another program is using the microphone. Close it, then press the button again. You can also type.",
  insecure:
    "Browsers open the microphone only on https or on localhost. Open the page that way to speak; here you can type.",
};

/** What went wrong, in words for the person. `cause` has the browser's own. */
export class MicTrouble extends Error {}

/**
 * @typedef {object} Hooks
 * @property {(pcm: ArrayBuffer) => void} frame  20 ms, mono 16-bit PCM at the context's rate
 * @property {(level: number) => void} level  root mean square in [0, 1], 50 times a second while the microphone is open
 * @property {() => void} lost  the device went away, or its permission did
 */

export class Mic {
  #context;
  #hooks;
  /** @type {MediaStream|null} */
  #stream = null;
  /** @type {AudioNode[]} */
  #nodes = [];
  #gate = false;
  /** @type {ArrayBuffer[]|null} what waits behind the gate; null while nothing is wanted */
  #kept = null;
  /** @type {Promise<void>|null} */
  #opening = null;

  /** @param {AudioContext} context @param {Hooks} hooks */
  constructor(context, hooks) {
    this.#context = context;
    this.#hooks = hooks;
  }

  get open() {
    return this.#stream !== null;
  }

  /** Whether frames are being sent. */
  get sending() {
    return this.open && this.#gate;
  }

  /**
   * Opens the device; asks for permission if need be.
   * @throws {MicTrouble}
   */
  async start() {
    if (this.open) return;
    this.#opening ??= this.#start().finally(() => (this.#opening = null));
    await this.#opening;
  }

  async #start() {
    if (!navigator.mediaDevices || !this.#context.audioWorklet) throw new MicTrouble(TROUBLE.insecure);
    const wanted = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
    } catch (error) {
      throw new MicTrouble(TROUBLE[error.name] ?? `The microphone does not open: ${error.message}`, { cause: error });
    }
    for (const track of this.#stream.getTracks()) track.onended = () => this.#lose();
    await this.#context.audioWorklet.addModule(new URL("./mic-worklet.js", import.meta.url));
    const source = this.#context.createMediaStreamSource(this.#stream);
    const frames = new AudioWorkletNode(this.#context, "mic", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    frames.port.onmessage = ({ data }) => this.#take(data);
    source.connect(frames);
    this.#nodes = [source, frames];
  }

  /** Closes the device: the browser's recording light goes out. */
  stop() {
    this.shut();
    for (const node of this.#nodes) node.disconnect();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#nodes = [];
    this.#stream = null;
    this.#hooks.level(0);
  }

  /** Frames wait, the latest 0.6 s of them, until `send` or `shut`. */
  keep() {
    this.#kept = [];
  }

  /** From now on frames are sent, after those that wait. */
  send() {
    this.#gate = true;
    for (const pcm of this.#kept ?? []) this.#hooks.frame(pcm);
    this.#kept = null;
  }

  /** Frames are thrown away. */
  shut() {
    this.#gate = false;
    this.#kept = null;
  }

  #lose() {
    this.stop();
    this.#hooks.lost();
  }

  /** @param {{pcm: ArrayBuffer, level: number, time: number}} frame  recorded up to context time `time` */
  #take({ pcm, level, time }) {
    if (this.#context.currentTime - time > STALE) return;
    this.#hooks.level(level);
    if (this.#gate) this.#hooks.frame(pcm);
    else if (this.#kept) this.#kept = [...this.#kept, pcm].slice(-KEPT);
  }
}
