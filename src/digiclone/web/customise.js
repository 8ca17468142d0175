/** The panel in which a person chooses how the clone looks and is seen: all shows at once, and is kept on Save. */

import { about, Refused } from "./avatars.js";
import { BACKDROPS, hang, linear, painted } from "./backdrop.js";
import { chips, make, slider, swatches } from "./fields.js";
import { draft, drop, keep, read } from "./looks.js";
import { note, unnote } from "./notes.js";
import { bindPanel, open } from "./panels.js";

const $ = (id) => document.getElementById(id);
const PANEL = "customise";
const TITLE = "Not built";
/** Milliseconds without another choice before a draft is asked for. */
const CALM = 300;
/** Which meshes a colour of the look shows on. */
const COLOURED = { hair_colour: ["Hair", "HairEdge", "Brows"], clothes_colour: ["Clothes"] };
/** Where the thumb of a slider rests that the look leaves as it is. */
const USUAL = { height: 170, age: 30, african: 0, asian: 0, caucasian: 1 };
const signed = (unit) => (value) => `${value > 0 ? "+" : ""}${value}${unit}`;
const percent = (value) => `${Math.round(100 * value)} %`;
/** How the camera is set, and how lively the face is. Bounds as in the server's `View`. */
const VIEW = {
  distance: ["Distance", { low: 0.6, high: 2, step: 0.02, usual: 1, say: (x) => `${x.toFixed(2)} ×` }],
  height: ["Height", { low: -0.2, high: 0.2, step: 0.01, usual: 0, say: (x) => signed(" cm")(Math.round(100 * x)) }],
  turn: ["Turn", { low: -60, high: 60, step: 1, usual: 0, say: signed("°") }],
  field: ["Field of view", { low: 8, high: 60, step: 1, usual: 20, say: (x) => `${x}°` }],
  life: ["Liveliness", { low: 0, high: 1, step: 0.05, usual: 1, say: percent }],
};

const copy = (value) => structuredClone(value);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Red, green and blue in linear light of a colour such as `#8090a0`. */
const light = (colour) => [1, 3, 5].map((i) => linear(Number.parseInt(colour.slice(i, i + 2), 16) / 255));

/**
 * The factors that turn one colour into another, in linear light; bounded, since black cannot be brightened.
 * @param {string} from @param {string} to @returns {number[]}
 */
export function tint(from, to) {
  const old = light(from);
  return light(to).map((wanted, i) => Math.min(40, wanted / Math.max(1e-3, old[i])));
}

export class Customise {
  #clone;
  #stage;
  /** @type {import("./looks.js").Kept|null} */
  #kept = null;
  /** What is chosen now. @type {{look: object, view: import("./looks.js").View}} */
  #now = { look: {}, view: {} };
  /** The look of the head on the stage. */
  #worn = {};
  /** Shows a choice in its field, by name. @type {Map<string, () => void>} */
  #fields = new Map();
  #timer = 0;
  /** @type {AbortController|null} */
  #building = null;
  #saving = false;

  /** @param {{clone: string, stage: import("./stage.js").Stage}} page */
  constructor({ clone, stage }) {
    this.#clone = clone;
    this.#stage = stage;
  }

  /** Shows the clone as it is kept, and lets its button open the panel. */
  async start() {
    this.#kept = await read(this.#clone);
    $("customise-open").hidden = !this.#kept;
    if (!this.#kept) return;
    this.#reset();
    bindPanel(PANEL, () => this.#closed());
    $("customise-close").onclick = () => {
      open();
      $("customise-open").focus();
    };
    // Something else may have changed the clone since.
    $("customise-open").addEventListener("click", () => this.#changed || this.#renew());
    $("customise-save").onclick = () => this.#save();
    $("customise-cancel").onclick = () => this.#cancel();
    $("unsaved").onclose = () => this.#answered($("unsaved").returnValue);
    // Browsers ask in words of their own.
    window.addEventListener("beforeunload", (event) => this.#changed && event.preventDefault());
  }

  async #renew() {
    const kept = await read(this.#clone);
    if (!kept || same(kept, this.#kept) || this.#changed) return;
    this.#kept = kept;
    this.#reset();
  }

  get #changed() {
    return this.#kept && !(same(this.#now.look, this.#kept.look) && same(this.#now.view, this.#kept.view));
  }

  #reset() {
    const { look, view, source } = this.#kept;
    this.#now = copy({ look, view });
    this.#worn = copy(look);
    this.#fill(source);
    this.#see();
    this.#show();
  }

  // the fields

  #fill(source) {
    const foreign = source.kind === "file";
    const why = `The head comes from ${source.name || "a file that somebody else made"}: hair, clothes and body are part
      of that file and cannot be changed here. Camera and background can.`;
    this.#fields.clear();
    const of = (title, ...fields) => make("section", {}, make("h3", { textContent: title }), ...fields);
    const ours = make("fieldset", { className: "all", disabled: foreign });
    ours.append(of("Hair", ...this.#hair()), of("Eyes", this.#colour("eyes", "Eye colour")));
    ours.append(of("Clothes", ...this.#clothes()), of("Body", ...this.#body()));
    $("customise-fields").replaceChildren(
      ...(foreign ? [make("p", { className: "why", textContent: why })] : []),
      ours,
      of("Camera", ...["distance", "height", "turn", "field"].map((name) => this.#seen(name))),
      of("Background", this.#background()),
      of("Life", this.#seen("life")),
    );
  }

  #hair() {
    return [this.#option("hair", "Style"), this.#colour("hair_colour", "Hair colour"), this.#option("brows", "Brows")];
  }

  #clothes() {
    return [this.#option("clothes", "Clothes"), this.#colour("clothes_colour", "Colour of clothes")];
  }

  #body() {
    const put = (name, value) => this.#choose({ body: { ...this.#now.look.body, [name]: value } });
    const sliders = Object.entries(this.#kept.choices.body).map(([name, { label, low, high, step, unit }]) => {
      const say = unit ? (value) => `${value} ${unit}` : percent;
      const range = { low, high, step, usual: USUAL[name] ?? (low + high) / 2, say };
      const field = slider(label, range, (value) => put(name, value));
      return this.#field(`body.${name}`, field, () => this.#now.look.body[name] ?? null);
    });
    const asItIs = make("button", { type: "button", className: "plain", textContent: "Body as it is" });
    asItIs.onclick = () => {
      this.#choose({ body: Object.fromEntries(Object.keys(this.#now.look.body).map((name) => [name, null])) });
      this.#show();
    };
    return [...sliders, asItIs];
  }

  #option(name, label) {
    const chosen = (value) => this.#choose({ [name]: value });
    const { options } = this.#kept.choices[name];
    return this.#field(name, chips(`look-${name}`, label, options, chosen), () => this.#now.look[name]);
  }

  #colour(name, label) {
    const chosen = (value) => this.#choose({ [name]: value });
    const { palette } = this.#kept.choices[name];
    return this.#field(name, swatches(`look-${name}`, label, palette, chosen), () => this.#now.look[name]);
  }

  #seen(name) {
    const [label, range] = VIEW[name];
    const field = slider(label, range, (value) => this.#look({ [name]: value }));
    return this.#field(`view.${name}`, field, () => this.#now.view[name]);
  }

  #background() {
    const palette = Object.entries(BACKDROPS).map(([name, [label]]) => ({
      name: label,
      colour: name,
      image: painted(name),
    }));
    const field = swatches("view-background", "Background", palette, (background) => this.#look({ background }));
    field.element.querySelector("legend").className = "unseen";
    return this.#field("view.background", field, () => this.#now.view.background);
  }

  #field(name, { element, show }, value) {
    this.#fields.set(name, () => show(value()));
    return element;
  }

  // choices

  #choose(change) {
    this.#now.look = { ...this.#now.look, ...change };
    this.#paint();
    this.#tell();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#draft(), CALM);
  }

  #look(change) {
    this.#now.view = { ...this.#now.view, ...change };
    this.#see();
    this.#tell();
  }

  /** Colours are shown before any head has been built with them. */
  #paint() {
    const factors = {};
    for (const [name, meshes] of Object.entries(COLOURED))
      for (const mesh of meshes) factors[mesh] = tint(this.#worn[name], this.#now.look[name]);
    this.#stage.tint(factors);
  }

  #see() {
    const { background, life, ...view } = this.#now.view;
    hang(background);
    this.#stage.view = view;
    this.#stage.face.life = life;
  }

  // what is built

  async #draft() {
    this.#abort();
    // Nothing of it would be seen on a drawn face.
    if (this.#stage.kind !== "head" || same(this.#now.look, this.#worn)) return this.#tell();
    const building = (this.#building = new AbortController());
    const look = copy(this.#now.look);
    try {
      this.#tell("Building a draft");
      const url = await draft(this.#clone, look, building.signal, progress);
      if (building === this.#building) await this.#wear(url, look);
    } catch (error) {
      if (building === this.#building) this.#failed(error);
    }
    // Another choice may have come in the meantime, and another draft with it.
    if (building === this.#building) this.#building = null;
    this.#tell();
  }

  async #wear(url, look, known = null) {
    const why = this.#stage.kind === "head" && (await this.#stage.enter(url, known));
    if (why) throw new Refused(`The head was built, but this page cannot show it: ${why}.`);
    unnote($("notes"), TITLE);
    this.#worn = look;
    this.#paint();
  }

  async #save() {
    const { look, view } = copy(this.#now);
    const looks = !same(look, this.#kept.look);
    this.#abort();
    this.#saving = true;
    let said = "";
    try {
      this.#tell(looks ? "Building and saving" : "Saving");
      const url = await keep(this.#clone, look, view, progress);
      this.#kept = { ...this.#kept, look, view, url };
      if (looks) await this.#wear(url, look, await about(this.#clone));
      said = "Saved";
    } catch (error) {
      this.#failed(error);
    }
    this.#saving = false;
    this.#tell(said);
  }

  async #cancel() {
    const { look, view, url } = this.#kept;
    const built = !same(this.#worn, look);
    this.#abort();
    this.#now = copy({ look, view });
    this.#see();
    this.#show();
    open();
    drop(this.#clone);
    try {
      if (built) await this.#wear(url, copy(look), await about(this.#clone));
      else this.#paint();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Nobody waits for what is being built. */
  #abort() {
    clearTimeout(this.#timer);
    this.#building?.abort();
    this.#building = null;
    $("customise-progress").hidden = true;
  }

  #failed({ name, message, hint }) {
    if (name === "AbortError") return;
    note($("notes"), TITLE, message, hint);
    this.#tell();
  }

  // closing

  #closed() {
    if (!this.#changed || this.#saving) return;
    $("unsaved").returnValue = "stay";
    // Later: the Escape that closed the panel would close the question too.
    setTimeout(() => $("unsaved").showModal());
  }

  #answered(answer) {
    if (answer === "save") this.#save();
    else if (answer === "discard") this.#cancel();
    else open(PANEL);
  }

  // what the panel says

  #show() {
    for (const show of this.#fields.values()) show();
    this.#tell();
  }

  #tell(doing = "") {
    const busy = this.#saving || this.#building;
    $("customise-progress").hidden = !busy;
    if (doing) $("customise-progress").value = 0;
    $("customise-save").disabled = this.#saving || !this.#changed;
    $("customise-cancel").disabled = this.#saving || !this.#changed;
    const said = doing || (this.#changed ? "Not saved yet" : "");
    if ($("customise-said").textContent !== said) $("customise-said").textContent = said;
  }
}

function progress(_doing, share) {
  $("customise-progress").value = share;
}
