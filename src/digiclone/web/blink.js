/** When and how the lids close. Pure: time and chance are given. */

/** Blinks a minute: people blink more when they speak than when they look or listen (Bentivoglio 1997). */
const RATES = { idle: 15, listening: 12, thinking: 18, speaking: 24 };
/** Seconds between two blinks, at least, but for a double one. */
const REST = 0.9;
const DOUBLE = 0.1;
/** Seconds of a blink: lids fall fast and rise slowly; tired lids are slower. */
const FALL = 0.07;
const RISE = 0.16;

export class Blink {
  #random;
  #at = 1;
  #pace = 1;
  #due = false;

  /** @param {() => number} random in [0, 1) */
  constructor(random) {
    this.#random = random;
  }

  /** Something happens at which people tend to blink: a large look aside, the end of a phrase. */
  invite(chance) {
    this.#due ||= this.#random() < chance;
  }

  /**
   * @param {number} now seconds @param {string} state
   * @returns {number} how far the lids are closed, in [0, 1]
   */
  lids(now, state) {
    const length = this.#pace * (FALL + RISE);
    const age = now - this.#at;
    if (age > length) this.#plan(now, state);
    else if (age < 0 && this.#due) this.#at = Math.min(this.#at, now);
    this.#due &&= age < 0 && now < this.#at;
    const into = (now - this.#at) / this.#pace;
    if (into < 0) return 0;
    return into < FALL ? into / FALL : Math.max(0, 1 - (into - FALL) / RISE);
  }

  #plan(now, state) {
    const mean = 60 / (RATES[state] ?? RATES.idle);
    // Waiting times of a random process, but never right after the last one, and never a stare.
    const wait = REST + Math.min(-Math.log(1 - this.#random()) * (mean - REST), 2.2 * mean);
    this.#at = now + (this.#random() < DOUBLE ? 0.06 : wait);
    this.#pace = 0.9 + 0.35 * this.#random();
  }
}
