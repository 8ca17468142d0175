/** Where the time went: per turn, one bar for each stage, on the time line from the last voice to the first sound. */

/** How many turns are kept. */
const TURNS = 20;

const LABELS = {
  endpoint: "Sure that you finished",
  asr: "Speech to text",
  llm_first_token: "First word thought",
  first_phrase: "First phrase",
  tts_first_audio: "First sound made",
  wait: "Held back",
  page: "Page: came to heard",
};

/**
 * @typedef {{turn: number, spans: import("./wire.js").Mark[], total: number|null}} Measurement
 *   `total`: seconds from the beginning of the first span to the sound in the room; null until it is heard
 */

export class Latency {
  #body;
  #summary;
  /** @type {Measurement[]} */
  #turns = [];
  /** @type {Map<number, number>} seconds from a turn's first sound to come to its being heard */
  #waited = new Map();

  /** @param {HTMLElement} body  for the turns @param {HTMLElement} summary  for the latest figure */
  constructor(body, summary) {
    this.#body = body;
    this.#summary = summary;
  }

  /** @returns {Measurement[]} a copy, oldest first */
  get turns() {
    return structuredClone(this.#turns);
  }

  /** The clone measured a turn. */
  measured(turn, spans) {
    this.#turns = [...this.#turns.filter((old) => old.turn !== turn), { turn, spans: [...spans], total: null }].slice(
      -TURNS,
    );
    this.#complete(turn);
  }

  /** The page heard a turn's first sound, `waited` seconds after it came. */
  started(turn, waited) {
    this.#waited.set(turn, Math.max(0, waited));
    this.#complete(turn);
  }

  /** Another session begins: its turns are counted from 1 again. */
  reset() {
    this.#turns = [];
    this.#waited.clear();
    this.#body.replaceChildren();
  }

  #complete(turn) {
    const measurement = this.#turns.find((other) => other.turn === turn);
    if (!measurement?.spans.length) return;
    const waited = this.#waited.get(turn);
    const begin = Math.min(...measurement.spans.map(({ start }) => start));
    const end = Math.max(...measurement.spans.map(({ end: stop }) => stop));
    if (waited !== undefined && measurement.total === null) {
      measurement.spans.push({ symbol: "page", start: end, end: end + waited });
      measurement.total = end + waited - begin;
    }
    this.#draw();
  }

  #draw() {
    const last = this.#turns.at(-1);
    this.#summary.textContent = last.total === null ? "" : milliseconds(last.total);
    this.#body.replaceChildren(...this.#turns.toReversed().map((measurement, i) => chart(measurement, i === 0)));
  }
}

/** "Voice to voice" if the person spoke; a typed turn has no voice to count from. */
function figure({ spans, total }) {
  const what = spans.some(({ symbol }) => symbol === "endpoint") ? "voice to voice" : "to first sound";
  return `${milliseconds(total)} ${what}`;
}

function chart(measurement, latest) {
  const { turn, spans, total } = measurement;
  const details = document.createElement("details");
  details.open = latest;
  const head = document.createElement("summary");
  head.textContent = `Turn ${turn}: ${total === null ? "playing" : figure(measurement)}`;
  const begin = Math.min(...spans.map(({ start }) => start));
  const length = Math.max(...spans.map(({ end }) => end)) - begin || 1;
  const table = document.createElement("table");
  const rows = spans.map((span) => row(span, begin, length));
  table.append(header(), ...rows);
  details.append(head, table);
  return details;
}

function header() {
  const row = document.createElement("tr");
  for (const text of ["Stage", "From", "Took", "When"]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = text;
    row.append(cell);
  }
  return row;
}

function row({ symbol, start, end }, begin, length) {
  const line = document.createElement("tr");
  line.className = `stage-${symbol}`;
  const name = document.createElement("th");
  name.scope = "row";
  name.textContent = LABELS[symbol] ?? symbol;
  const from = document.createElement("td");
  from.textContent = milliseconds(start - begin);
  const took = document.createElement("td");
  took.textContent = milliseconds(end - start);
  const when = document.createElement("td");
  const bar = document.createElement("span");
  bar.className = "bar";
  bar.style.setProperty("--from", `${(100 * (start - begin)) / length}%`);
  bar.style.setProperty("--took", `${(100 * (end - start)) / length}%`);
  when.append(bar);
  line.append(name, from, took, when);
  return line;
}

const milliseconds = (seconds) => `${Math.round(1000 * seconds)} ms`;
