/** The panel that shows which shapes of the avatar make which of ours, and lets them be changed, tried and saved. */

import { save } from "./avatars.js";
import { note, unnote } from "./notes.js";

const TITLE = "Not saved";
const HOW = {
  direct: "its own",
  made: "made of several",
  approximate: "near",
  bones: "by the eyes' bones",
  yours: "as you chose",
  none: "not moved",
};
/** How rows are grouped, and what each group is called. */
const GROUPS = [
  ["Sounds", (ours) => ours.startsWith("viseme_")],
  ["Mouth and jaw", (ours) => /^(mouth|jaw|tongue|cheek|nose)/.test(ours)],
  ["Eyes and brows", (ours) => /^(eye|brow)/.test(ours)],
];
/** Sounds by a word that has them. */
const WORDS = {
  PP: "map",
  FF: "five",
  TH: "thing",
  DD: "dad",
  kk: "cake",
  CH: "church",
  SS: "sits",
  nn: "none",
  RR: "red",
  aa: "car",
  E: "bed",
  I: "tip",
  O: "toe",
  U: "book",
};

/** Makes an element. @param {string} tag @param {object} properties @param {...(Node|string)} children */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/**
 * What drives a row: halves with the same gain are one, `mouthSmileLeft/Right × 0.3`.
 * @param {Record<string, number>} sources
 * @returns {[string, string][]} name and gain
 */
export function summary(sources) {
  const paired = (name) => name.endsWith("Left") && sources[name] === sources[name.replace(/Left$/, "Right")];
  return Object.entries(sources)
    .filter(([name]) => !name.endsWith("Right") || !paired(name.replace(/Right$/, "Left")))
    .map(([name, gain]) => [`${name}${paired(name) ? "/Right" : ""}`, `× ${Number(gain.toFixed(2))}`]);
}

export class MappingPanel {
  #box;
  #page;
  /** @type {import("./avatar.js").About & {how: Record<string, string>, counts: Record<string, number>}|null} */
  #about = null;
  /** What is shown and not saved. @type {import("./moves.js").Mapping} */
  #mapping = {};
  #changed = new Set();
  #rows = new Map();

  /**
   * @param {HTMLElement} box
   * @param {{clone: string, stage: import("./stage.js").Stage, notes: HTMLElement}} page
   */
  constructor(box, page) {
    this.#box = box;
    this.#page = page;
  }

  /** @param {import("./avatar.js").About|null} about */
  show(about) {
    this.#about = about;
    this.#mapping = structuredClone(about?.mapping ?? {});
    this.#changed.clear();
    this.#rows.clear();
    this.#box.replaceChildren(...(about ? this.#content() : []));
    this.#mark();
  }

  #content() {
    const { licence, talks, kind, counts, own } = this.#about;
    const moved = Object.entries(counts).map(([how, count]) => `${count} ${HOW[how]}`);
    const lines = [
      make("p", { className: "quiet" }, own ? "A head of digiclone's own." : `${kind}. ${licence.line}`),
      make("p", { className: "quiet" }, `Of our ${Object.keys(this.#mapping).length} shapes: ${moved.join(", ")}.`),
    ];
    if (licence.warning) lines.push(make("p", { className: "warning" }, `Note: ${licence.warning}.`));
    if (!talks)
      lines.push(
        make("p", { className: "warning" }, "None of its shapes is known to open the mouth. Choose one for aa below."),
      );
    return [...lines, ...GROUPS.map((group, i) => this.#group(group, i === 0)), this.#buttons()];
  }

  #group([title, belongs], open) {
    const rows = Object.keys(this.#mapping).filter(belongs);
    const driven = rows.filter((ours) => this.#about.how[ours] !== "none").length;
    return make(
      "details",
      { className: "group", open },
      make("summary", {}, make("h3", {}, title), make("span", { className: "quiet" }, `${driven} of ${rows.length}`)),
      ...rows.map((ours) => this.#row(ours)),
    );
  }

  #row(ours) {
    const symbol = ours.replace("viseme_", "");
    const name = make("b", {}, symbol);
    if (WORDS[symbol]) name.append(make("small", {}, ` ${WORDS[symbol]}`));
    const sources = make("span", { className: "sources" });
    const how = make("small", { className: "how" });
    const editor = make("div", { className: "editor" });
    const details = make("details", { className: "row" }, make("summary", {}, name, sources, how), editor);
    // built when it is opened: an avatar may have hundreds of shapes to choose from
    details.ontoggle = () => details.open && !editor.firstChild && this.#edit(ours);
    const row = make("div", { className: "line" }, details, this.#tryButton(ours, symbol));
    this.#rows.set(ours, { sources, how, editor });
    this.#summarise(ours);
    return row;
  }

  /** Poses the face as long as the button is held, or focused and pressed. */
  #tryButton(ours, symbol) {
    const button = make("button", { type: "button", className: "plain try" }, "Try");
    button.setAttribute("aria-label", `Try ${symbol}`);
    button.setAttribute("aria-pressed", "false");
    button.onclick = () => {
      const on = button.getAttribute("aria-pressed") === "false";
      this.#rest();
      button.setAttribute("aria-pressed", String(on));
      this.#page.stage.try(on ? { [ours]: 1 } : null);
    };
    return button;
  }

  /** The face is its own again. */
  #rest() {
    for (const button of this.#box.querySelectorAll(".try")) button.setAttribute("aria-pressed", "false");
    this.#page.stage.try(null);
  }

  /** The panel goes away. */
  close() {
    this.#rest();
  }

  #edit(ours) {
    const { editor } = this.#rows.get(ours);
    const lines = Object.entries(this.#mapping[ours]).map(([theirs, gain]) => this.#source(ours, theirs, gain));
    const add = make("button", { type: "button", className: "plain" }, "Add a shape");
    add.onclick = () => {
      const free = Object.keys(this.#about.targets).find((theirs) => !(theirs in this.#mapping[ours]));
      if (free) this.#change(ours, { ...this.#mapping[ours], [free]: 0.5 }, true);
    };
    editor.replaceChildren(...lines, add);
  }

  #source(ours, theirs, gain) {
    const names = Object.keys(this.#about.targets);
    const options = names.map((name) => new Option(name, name, false, name === theirs));
    const select = make("select", {}, ...options);
    select.setAttribute("aria-label", `A shape for ${ours}`);
    const shown = make("output", {}, gain.toFixed(2));
    const slider = make("input", { type: "range", min: "-1", max: "2", step: "0.05", value: String(gain) });
    slider.setAttribute("aria-label", `How far ${theirs} goes`);
    const remove = make("button", { type: "button", className: "plain" }, "Remove");
    remove.setAttribute("aria-label", `Remove ${theirs}`);
    select.onchange = () => {
      const renamed = ([name, by]) => [name === theirs ? select.value : name, by];
      this.#change(ours, Object.fromEntries(Object.entries(this.#mapping[ours]).map(renamed)), true);
    };
    slider.oninput = () => {
      shown.textContent = Number(slider.value).toFixed(2);
      this.#change(ours, { ...this.#mapping[ours], [theirs]: Number(slider.value) }, false);
      this.#page.stage.try({ [ours]: 1 });
    };
    slider.onchange = () => this.#rest();
    remove.onclick = () => {
      const { [theirs]: _, ...rest } = this.#mapping[ours];
      this.#change(ours, rest, true);
    };
    return make("div", { className: "source" }, select, slider, shown, remove);
  }

  /** @param {boolean} again  the editor shows other lines now */
  #change(ours, sources, again) {
    this.#mapping[ours] = sources;
    this.#changed.add(ours);
    this.#page.stage.remap(this.#mapping);
    this.#summarise(ours);
    if (again) this.#edit(ours);
    this.#mark();
  }

  #summarise(ours) {
    const { sources, how } = this.#rows.get(ours);
    const parts = summary(this.#mapping[ours]).flatMap(([name, gain]) => [", ", `${name} `, make("span", {}, gain)]);
    sources.replaceChildren(...(parts.length ? parts.slice(1) : ["–"]));
    const kind = this.#changed.has(ours) ? "yours" : this.#about.how[ours];
    how.textContent = HOW[kind];
    how.dataset.how = kind;
  }

  #buttons() {
    const button = (id, text, act) => {
      const made = make("button", { type: "button", className: "plain", id }, text);
      made.onclick = act;
      return made;
    };
    return make(
      "div",
      { className: "buttons" },
      button("mapping-save", "Save", () => this.#store(this.#edited())),
      button("mapping-reset", "As it was found", () => this.#store(null)),
    );
  }

  #edited() {
    return Object.fromEntries([...this.#changed].map((ours) => [ours, this.#mapping[ours]]));
  }

  /** @param {import("./moves.js").Mapping|null} mapping */
  async #store(mapping) {
    unnote(this.#page.notes, TITLE);
    try {
      const about = await save(this.#page.clone, mapping);
      this.#page.stage.remap(about.mapping);
      this.show(about);
    } catch (error) {
      note(this.#page.notes, TITLE, error.message, error.hint);
    }
  }

  #mark() {
    const button = this.#box.querySelector("#mapping-save");
    if (button) button.disabled = !this.#changed.size;
  }
}
