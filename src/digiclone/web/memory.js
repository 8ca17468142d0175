/** What the clone remembers, shown where it came to mind: each memory can be forgotten for good. */

export class Memories {
  #send;
  /** @type {Map<number, Set<HTMLElement>>} the places where each memory is shown */
  #shown = new Map();

  /** @param {(number: number) => boolean} send  what is to be forgotten; whether that went out */
  constructor(send) {
    this.#send = send;
  }

  /**
   * @param {HTMLElement} line  the person's words that called it up
   * @param {{number: number, at: number, asked: string, answered: string}[]} memories
   */
  show(line, memories) {
    const box = document.createElement("details");
    box.className = "memories";
    const summary = document.createElement("summary");
    summary.textContent = memories.length === 1 ? "Remembers a talk" : `Remembers ${memories.length} talks`;
    box.append(summary, ...memories.map((one) => this.#card(one)));
    box.ontoggle = () => box.open && box.scrollIntoView({ block: "nearest" });
    line.append(box);
  }

  /** Nothing is left of it. */
  forgotten(number) {
    for (const card of this.#shown.get(number) ?? []) {
      const gone = document.createElement("p");
      gone.textContent = "Forgotten.";
      card.replaceChildren(gone);
    }
    this.#shown.delete(number);
  }

  #card({ number, at, asked, answered }) {
    const card = document.createElement("div");
    const day = document.createElement("time");
    day.textContent = new Date(1000 * at).toLocaleDateString(undefined, { dateStyle: "medium" });
    card.append(day);
    for (const text of [asked, answered].filter(Boolean)) {
      const part = document.createElement("p");
      part.textContent = text;
      card.append(part);
    }
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Forget this";
    button.onclick = () => {
      button.disabled = this.#send(number);
    };
    card.append(button);
    if (!this.#shown.has(number)) this.#shown.set(number, new Set());
    this.#shown.get(number).add(card);
    return card;
  }
}
