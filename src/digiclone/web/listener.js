/** Nods of who listens: in the pauses of who speaks, after enough words to have something to nod to. Pure. */

/** Seconds between two reports of the level. */
const FRAME = 0.02;
/** How much louder than the room a voice is, and the least level that can be one. */
const ABOVE = 3;
const FAINT = 0.008;
/** Half-life in reports with which the idea of how loud the room is follows a rise; it follows a fall at once. */
const FORGET = 150;
/** Seconds of voice that are worth a nod, seconds of silence that end them, the chance of a nod. */
const WORTH = 1;
const PAUSE = 0.22;
const CHANCE = 0.7;
/** Seconds of a nod, and of the rest after it. Radians. */
const NOD = 0.75;
const REST = 1.6;
const DEEP = 0.06;

const hump = (age, length) => (age > 0 && age < length ? Math.sin((Math.PI * age) / length) ** 2 : 0);

export class Listener {
  #random;
  #room = FAINT;
  /** Seconds of voice since the last nod, and of silence since the last voice. */
  #voiced = 0;
  #quiet = 0;
  #due = false;
  #at = -10;
  #depth = 0;
  #twice = false;

  /** @param {() => number} random in [0, 1) */
  constructor(random) {
    this.#random = random;
  }

  /** @param {number} level RMS in [0, 1] of 20 ms of the microphone */
  hear(level) {
    this.#room = Math.min(level, this.#room + (1 - 2 ** (-1 / FORGET)) * (level - this.#room));
    const voice = level > Math.max(FAINT, ABOVE * this.#room);
    if (voice) this.#voiced += FRAME;
    this.#quiet = voice ? 0 : this.#quiet + FRAME;
    if (this.#voiced < WORTH || this.#quiet < PAUSE) return;
    this.#voiced = 0;
    this.#due = this.#random() < CHANCE;
  }

  /** @param {number} now seconds @returns {number} radians by which the head is bent */
  nod(now) {
    if (this.#due && now > this.#at + NOD + REST) {
      this.#at = now;
      this.#depth = DEEP * (0.6 + 0.6 * this.#random());
      this.#twice = this.#random() < 0.35;
    }
    this.#due = false;
    const age = now - this.#at;
    return this.#depth * (hump(age, NOD) + (this.#twice ? 0.6 * hump(age - 0.8 * NOD, NOD) : 0));
  }
}
