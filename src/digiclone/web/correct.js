/** What was understood, put right by the person: the clone's folder keeps it with its sound, to learn from. */

/** Turns whose sound the server still has. */
const RECENT = 2;
const PENCIL = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 19l1-4L16.5 4.5l3 3L9 18z"/></svg>';

export class Corrections {
  #send;
  /** @type {Map<number, HTMLElement>} the person's line of each turn that can be corrected */
  #lines = new Map();

  /** @param {(turn: number, text: string) => boolean} send  what was really said; whether it went out */
  constructor(send) {
    this.#send = send;
  }

  /** The words in `line` were understood from sound in `turn`. */
  offer(line, turn) {
    for (const [old, other] of this.#lines) if (old <= turn - RECENT) this.#forget(old, other);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "pencil";
    button.title = "Correct what was understood";
    button.setAttribute("aria-label", button.title);
    button.innerHTML = PENCIL;
    button.onclick = () => this.#edit(line, turn);
    line.append(button);
    this.#lines.set(turn, line);
  }

  /** The server kept what was said. */
  kept(turn, text) {
    const line = this.#lines.get(turn);
    if (!line) return;
    line.querySelector("span").textContent = text;
    line.classList.add("kept");
    line.querySelector(".pencil").title = "Kept in the clone's folder, to learn from. Correct it again";
  }

  /** The server is another one, or has been away: no sound is left. */
  reset() {
    for (const [turn, line] of this.#lines) this.#forget(turn, line);
  }

  #forget(turn, line) {
    line.querySelector(".pencil").remove();
    this.#lines.delete(turn);
  }

  #edit(line, turn) {
    const words = line.querySelector("span");
    const form = document.createElement("form");
    const input = document.createElement("input");
    input.value = words.textContent;
    input.maxLength = 4000;
    input.autocomplete = "off";
    input.setAttribute("aria-label", "What you said");
    const close = () => {
      form.remove();
      line.classList.remove("editing");
      line.querySelector(".pencil")?.focus();
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      const text = input.value.trim();
      if (!text || text === words.textContent || this.#send(turn, text)) close();
    };
    form.onkeydown = (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation(); // it closes this, and does not silence the clone
      close();
    };
    form.append(input);
    line.classList.add("editing");
    line.append(form);
    input.focus();
    input.select();
  }
}
