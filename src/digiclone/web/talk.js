/** When the clone listens: taps, holds, modes, and what they mean for the microphone. Knows no element of the page. */

/** Milliseconds after which a press is a hold. */
const HOLD = 350;
/** Milliseconds that the microphone stays open after a release: the last syllable is still on its way. */
const TAIL = 80;

/**
 * @typedef {object} Hooks
 * @property {(down: boolean) => void} talk  push-to-talk went down or up
 * @property {(handsFree: boolean) => void} mode
 * @property {() => void} changed  `listening`, `pressed`, `handsFree` or `trouble` is another
 */

export class Talk {
  handsFree = true;
  /** Hands-free, and the microphone is on. */
  listening = false;
  /** Push-to-talk is down. */
  pressed = false;
  /** The microphone has been open before. */
  used = false;
  /** Why there is no microphone; empty when there is no reason. */
  trouble = "";
  #mic;
  #hooks;
  #down = false;
  #holding = 0;
  #tail = 0;

  /** @param {import("./mic.js").Mic} mic @param {Hooks} hooks */
  constructor(mic, hooks) {
    this.#mic = mic;
    this.#hooks = hooks;
  }

  /**
   * The button or its key went down.
   * @param {boolean} certain  push-to-talk is meant; else a short press in hands-free mode is a tap
   */
  press(certain) {
    if (this.#down) return;
    this.#down = true;
    if (this.#tail) this.#finish();
    if (!this.listening) this.#mic.keep();
    if (certain || !this.handsFree) this.#begin();
    else {
      this.#holding = setTimeout(() => this.#begin(), HOLD);
      if (!this.listening) this.#open();
    }
  }

  /** It came up again. */
  release() {
    if (!this.#down) return;
    this.#down = false;
    clearTimeout(this.#holding);
    if (this.pressed) this.#tail = setTimeout(() => this.#finish(), TAIL);
    else if (this.handsFree) this.toggle();
  }

  /** The button was clicked by something that cannot hold it, such as a screen reader: it switches. */
  click() {
    if (this.handsFree) this.toggle();
    else if (this.pressed) this.release();
    else this.press(true);
  }

  /** Hands-free listening on or off. */
  async toggle() {
    if (this.listening) return this.#rest();
    if (!(await this.#open())) return;
    this.listening = true;
    this.#mic.keep();
    this.#mic.send();
    this.#hooks.changed();
  }

  /** @param {boolean} handsFree */
  setMode(handsFree) {
    this.handsFree = handsFree;
    this.#hooks.mode(handsFree);
    this.#rest();
  }

  /** The device is gone. */
  lose(reason) {
    this.trouble = reason;
    this.#rest();
  }

  async #begin() {
    if (!(await this.#open()) || !this.#down || this.pressed) return;
    this.pressed = true;
    this.#hooks.talk(true);
    this.#mic.send();
    this.#hooks.changed();
  }

  #finish() {
    clearTimeout(this.#tail);
    this.#tail = 0;
    this.pressed = false;
    this.#hooks.talk(false);
    if (!this.listening) this.#close();
    this.#hooks.changed();
  }

  /** Nobody is listened to. */
  #rest() {
    this.listening = false;
    this.#close();
    this.#hooks.changed();
  }

  /** Push-to-talk keeps the device, so that the next press loses no word; hands-free gives it back. */
  #close() {
    if (this.handsFree) this.#mic.stop();
    else this.#mic.shut();
  }

  async #open() {
    try {
      await this.#mic.start();
      this.trouble = "";
      this.used = true;
    } catch (error) {
      this.trouble = error.message;
    }
    this.#hooks.changed();
    return !this.trouble;
  }
}
