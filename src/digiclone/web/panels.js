/** Panels at the side: each has a button that opens it, and one at a time is open. */

/** Called with the panel's id when it closes. @type {Map<string, () => void>} */
const closing = new Map();

const buttonOf = (id) => document.querySelector(`[aria-controls="${id}"]`);

/** Opens a panel and closes the others; without an id closes all. @param {string} [id] */
export function open(id = "") {
  for (const panel of document.querySelectorAll("aside")) {
    const shown = panel.id === id;
    if (!shown && !panel.hidden) closing.get(panel.id)?.();
    panel.hidden = !shown;
    buttonOf(panel.id)?.setAttribute("aria-expanded", String(shown));
  }
}

/** Lets its button open and close a panel. @param {string} id @param {() => void} [closed]  when it has closed */
export function bindPanel(id, closed) {
  if (closed) closing.set(id, closed);
  buttonOf(id).onclick = ({ currentTarget }) => open(currentTarget.getAttribute("aria-expanded") === "true" ? "" : id);
}
