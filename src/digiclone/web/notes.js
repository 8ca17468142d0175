/** Notes about what went wrong. They can be dismissed; the conversation goes on. */

/**
 * @param {HTMLElement} box  an element with role "alert"
 * @param {string} title
 * @param {string} text
 * @param {string} hint  what to do about it
 */
export function note(box, title, text, hint = "") {
  const same = [...box.children].find((old) => old.dataset.about === title + text);
  if (same) return;
  const card = document.createElement("div");
  card.className = "note";
  card.dataset.about = title + text;
  for (const [tag, words] of [
    ["strong", title],
    ["p", text],
    ["p", hint],
  ]) {
    if (!words) continue;
    const part = document.createElement(tag);
    part.textContent = words;
    card.append(part);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Dismiss";
  close.setAttribute("aria-label", `Dismiss: ${title}`);
  close.onclick = () => card.remove();
  card.append(close);
  box.append(card);
}

/** Removes the note with this title, if it is there: what it was about is over. */
export function unnote(box, title) {
  for (const card of [...box.children]) if (card.firstElementChild.textContent === title) card.remove();
}
