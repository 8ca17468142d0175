/** Fingers, keys and buttons. */

import { bindPanel, open } from "./panels.js";

const $ = (id) => document.getElementById(id);

/** Elements for which the space bar means something of their own. */
const spaced = (element) => element !== $("talk") && element.matches("button, input, select, textarea, summary");

/**
 * @param {object} page
 * @param {import("./talk.js").Talk} page.talk
 * @param {(text: string) => boolean} page.say
 * @param {() => void} page.stop
 * @returns {{show: (talk: import("./talk.js").Talk) => void}} what keeps the controls true
 */
export function bind(page) {
  press(page.talk);
  keys(page);
  $("stop").onclick = () => page.stop();
  $("say").onsubmit = (event) => {
    event.preventDefault();
    const words = $("words").value.trim();
    if (words && page.say(words)) $("words").value = "";
  };
  $("mode").onchange = ({ target }) => page.talk.setMode(target.value === "free");
  bindPanel("latency");
  return { show };
}

/** Pointer and, for screen readers, plain clicks on the big button. */
function press(talk) {
  const button = $("talk");
  let pointed = false;
  button.onpointerdown = (event) => {
    if (event.button !== 0) return;
    pointed = true;
    button.setPointerCapture(event.pointerId);
    talk.press(false);
  };
  button.onpointerup = button.onpointercancel = () => talk.release();
  button.oncontextmenu = (event) => event.preventDefault();
  button.onclick = () => {
    // A click without a pointer comes from Enter or a screen reader: it cannot be held, so it switches.
    if (!pointed) talk.click();
    pointed = false;
  };
}

function keys(page) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      open();
      page.stop();
    }
    if (event.key !== " " || spaced(event.target) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    if (!event.repeat) page.talk.press(true);
  });
  document.addEventListener("keyup", (event) => {
    if (event.key !== " " || spaced(event.target)) return;
    event.preventDefault();
    page.talk.release();
  });
  // A key that goes up in another window is never seen here.
  window.addEventListener("blur", () => page.talk.release());
}

/** @param {import("./talk.js").Talk} talk */
function show({ handsFree, listening, pressed, used }) {
  const on = pressed || listening;
  $("talk").setAttribute("aria-pressed", String(on));
  const idle = handsFree ? (used ? "Resume listening" : "Start talking") : "Hold to talk";
  $("talk-label").textContent = pressed ? "Let go to send" : listening ? "Pause listening" : idle;
}

/**
 * Lets the clone be heard: browsers keep a page silent until the person has touched it.
 * @param {AudioContext} context
 */
export function wakeSound(context) {
  const wake = () => context.state !== "running" && context.resume();
  for (const gesture of ["pointerdown", "pointerup", "keydown"])
    document.addEventListener(gesture, wake, { capture: true });
}
