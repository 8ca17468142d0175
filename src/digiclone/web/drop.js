/** An avatar comes to the page: dropped anywhere on it, or chosen with the button. */

import { about, Refused, send } from "./avatars.js";
import { MappingPanel } from "./mapping.js";
import { note, unnote } from "./notes.js";
import { bindPanel, open } from "./panels.js";

const $ = (id) => document.getElementById(id);
const TITLE = "Not an avatar to use";
const ENDINGS = /\.(glb|vrm)$/i;

/**
 * Shows the avatar at `url`, and from now on any other that comes.
 * @param {{clone: string, stage: import("./stage.js").Stage}} page
 * @returns {Promise<string>} empty, or why a drawing is shown instead
 */
export async function wear({ clone, stage }, url) {
  const panel = new MappingPanel($("mapping"), { clone, stage, notes: $("notes") });
  bindPanel("avatar-panel", () => panel.close());
  receive((file) => take(file, clone, stage, panel));
  const known = await about(clone);
  panel.show(known);
  return stage.enter(url, known);
}

/** @param {(file: File) => void} take */
function receive(take) {
  const choose = (files) => [...files].find(({ name }) => ENDINGS.test(name)) ?? files[0];
  const has = (event) => event.dataTransfer?.types.includes("Files");
  // Elements inside the page are entered before the one around them is left.
  let depth = 0;
  const over = (by) => {
    depth = by && Math.max(0, depth + by);
    $("drop").hidden = !depth;
  };
  document.addEventListener("dragenter", (event) => has(event) && over(1));
  document.addEventListener("dragleave", (event) => has(event) && over(-1));
  // Without this the browser would leave the page for the file.
  document.addEventListener("dragover", (event) => has(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!has(event)) return;
    event.preventDefault();
    over(0);
    const file = choose(event.dataTransfer.files);
    if (file) take(file);
  });
  $("avatar-file").onchange = ({ target }) => {
    if (target.files.length) take(choose(target.files));
    // so that the same file can be chosen again
    target.value = "";
  };
}

async function take(file, clone, stage, panel) {
  const bar = $("avatar-progress");
  unnote($("notes"), TITLE);
  open("avatar-panel");
  bar.value = 0;
  bar.hidden = false;
  try {
    const found = await send(clone, file, (share) => (bar.value = share));
    const why = await stage.enter(found.avatar, found);
    if (why) throw new Refused(`it is stored, but this page cannot show it: ${why}.`);
    panel.show(found);
  } catch (error) {
    note($("notes"), TITLE, `${file.name}: ${error.message}`, error.hint);
  } finally {
    bar.hidden = true;
  }
}
