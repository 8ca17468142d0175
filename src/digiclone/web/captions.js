/** Both sides of the conversation as text. A phrase of the clone appears when it is heard, not when it is made. */

/** Lines that are kept: a page may stay open for weeks. */
const LINES = 300;
const WHO = { user: "You", assistant: "" };

export class Captions {
  /** What the clone is called. */
  clone = "";
  #log;
  #live;
  /** @type {Map<number, HTMLElement>} the clone's line of each turn */
  #lines = new Map();

  /**
   * @param {HTMLElement} log  finished words: a live region, read out by screen readers
   * @param {HTMLElement} live  the person's words while they are still changing: not read out
   */
  constructor(log, live) {
    this.#log = log;
    this.#live = live;
  }

  /** What was said in earlier sessions; left alone if this page already shows more. */
  recall(history) {
    this.#lines.clear();
    if (this.#log.childElementCount) return;
    for (const { role, text } of history) this.#line(role, text).classList.add("past");
  }

  /** The person's words, so far or for good. @returns {HTMLElement | undefined} their line, once they are final */
  heard(text, final) {
    this.#live.textContent = final ? "" : text;
    const line = final && text ? this.#line("user", text) : undefined;
    this.#scroll();
    return line;
  }

  /** A phrase of the clone begins to be heard. */
  phrase(turn, text) {
    const line = this.#lines.get(turn);
    if (line) line.append(` ${text}`);
    else this.#lines.set(turn, this.#line("assistant", text).lastElementChild);
    this.#scroll();
  }

  /** The clone was stopped in this turn. */
  cut(turn) {
    this.#lines.get(turn)?.classList.add("cut");
  }

  #line(role, text) {
    const line = document.createElement("li");
    const who = document.createElement("b");
    const words = document.createElement("span");
    who.textContent = WHO[role] || this.clone;
    words.textContent = text;
    line.className = role;
    line.append(who, " ", words);
    this.#log.append(line);
    if (this.#log.childElementCount > LINES) this.#log.firstElementChild.remove();
    this.#scroll();
    return line;
  }

  #scroll() {
    const box = this.#log.parentElement;
    box.scrollTop = box.scrollHeight;
  }
}
