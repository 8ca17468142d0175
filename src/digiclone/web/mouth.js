/**
 * From visemes to mouth shapes, with coarticulation: neighbouring sounds overlap, as lips do. Pure.
 *
 * Envelopes after TalkingHead: a sound of length d at t starts to shape the mouth at t - 2d/3, is at its peak at
 * t + d/2 and is gone at t + 3d/2. On top of them: lips that must meet do meet, rounding looks ahead, the jaw comes
 * late, and a sound too short for its target falls short of it (Lindblom 1963).
 */

/** The 15 visemes of Oculus, as digiclone names them. */
export const VISEMES = ["sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U"];
const SHAPES = VISEMES.slice(1);

/** Lips that must meet (PP), or meet the teeth (FF), go further than the others. */
export const PEAK = { PP: 0.9, FF: 0.9 };
const USUAL = 0.6;
/** Visemes of the open jaw: it is heavier than the lips, and lags by so many seconds. */
const JAW = new Set(["aa", "E"]);
const LAG = 0.02;
/** Visemes of rounded lips, which nothing stops from being rounded early; those of vowels; and how early, how much. */
const ROUND = new Set(["O", "U"]);
const VOWELS = new Set(["aa", "E", "I", "O", "U"]);
const AHEAD = 0.2;
const HINT = 0.3;

/** Bounds in seconds: no mouth prepares a long vowel for half a second, and none moves in no time. */
const LEAD = [0.03, 0.1];
const RISE = 0.07;
const TAIL = [0.03, 0.12];
/** Length in seconds from which a sound reaches its target, and how much of it the shortest reach. */
const FULL = 0.06;
const LEAST = 0.5;
/** Shortest and longest time for which a closure is complete, and for which share of its sound between them. */
const SHUT = [0.05, 0.3];
const SHARE = 0.6;
/** Seconds in which lips close and open around a closure. */
const LIPS = 0.06;
/** The sum of weights above which shapes would add up to a grimace. */
const MOST = 1;
/** Seconds around a mark in which it may matter, to the mouth or to a mark that does. */
const REACH = 1;

const smooth = (x) => x * x * (3 - 2 * x);
const clamp = (x, least = 0, most = 1) => Math.min(most, Math.max(least, x));

/** 0 before `a`, 1 from `b` to `c`, 0 after `d`, smooth between. */
const trapezium = (t, a, b, c, d) => smooth(clamp((t - a) / (b - a))) * smooth(clamp((d - t) / (d - c)));

const middle = ({ start, end }) => (start + end) / 2;

/**
 * How much of a sound is in the mouth at time `t`.
 * @param {import("./wire.js").Mark} mark @param {number} t seconds on the same clock
 * @returns {number} in [0, 1]
 */
export function envelope({ symbol, start, end }, t) {
  const d = end - start;
  const rise = Math.min(d / 2, RISE);
  const late = JAW.has(symbol) ? Math.min(LAG, d / 4) : 0;
  const lead = clamp((2 * d) / 3, ...LEAD);
  return trapezium(t - late, start - lead, start + rise, end - rise, end + clamp(d / 2, ...TAIL));
}

/** The weight that a sound goes for. */
function target({ symbol, start, end }) {
  if (symbol in PEAK) return PEAK[symbol];
  return USUAL * Math.min(1, LEAST + ((1 - LEAST) * (end - start)) / FULL);
}

/**
 * How firmly a closure holds at `t`, in [0, 1]: fully at its middle, and not at all at the middle of another kind of
 * closure, `room` seconds away, which needs the lips for itself. One that began and ended since the last picture is
 * shown now: late, but shown.
 */
function closure(mark, t, since, room) {
  const half = Math.min(clamp(SHARE * (mark.end - mark.start), ...SHUT) / 2, room / 4);
  const [from, to] = [middle(mark) - half, middle(mark) + half];
  if (since < from && t > to) return 1;
  const ramp = Math.min(LIPS, room / 2);
  return trapezium(t, from - ramp, from, to, to + ramp);
}

/** Seconds from the middle of closure `i` to that of the nearest closure of another kind. */
function roomAround(marks, i) {
  const others = marks.filter(({ symbol }) => symbol in PEAK && symbol !== marks[i].symbol);
  return Math.min(Infinity, ...others.map((other) => Math.abs(middle(other) - middle(marks[i]))));
}

/**
 * Rounding that shows in the consonants before the vowel `marks[i]`: it begins with the first of them.
 * @returns {number} in [0, 1]
 */
function foreseen(marks, i, t) {
  const { start, end } = marks[i];
  let from = start;
  for (let k = i - 1; k >= 0 && !VOWELS.has(marks[k].symbol) && from - marks[k].end < 0.02; k--) from = marks[k].start;
  from = Math.max(from, start - AHEAD);
  if (start - from < LEAD[0]) return 0;
  const rise = Math.min((end - start) / 2, RISE);
  return trapezium(t, from, start, end - rise, end + LEAD[0]);
}

/**
 * The mouth at time `t`.
 * @param {import("./wire.js").Mark[]} visemes in order; unknown symbols and marks without length are passed over
 * @param {number} t seconds on the clock of the marks
 * @param {number} since  when the picture before this one was drawn, on the same clock: no closure is lost between two
 * @returns {Record<string, number>} weight in [0, 1] of each viseme but "sil"
 */
export function shape(visemes, t, since = t) {
  const weights = Object.fromEntries(SHAPES.map((symbol) => [symbol, 0]));
  if (!Number.isFinite(t) || !Number.isFinite(since)) return weights;
  const near = ({ symbol, start, end }) =>
    symbol in weights && end > start && start - REACH <= t && end + REACH >= Math.min(t, since);
  const marks = visemes.filter(near);
  const close = { FF: 0, PP: 0 };
  marks.forEach((mark, i) => {
    const { symbol } = mark;
    weights[symbol] = Math.max(weights[symbol], target(mark) * envelope(mark, t));
    if (ROUND.has(symbol)) weights[symbol] = Math.max(weights[symbol], HINT * foreseen(marks, i, t));
    if (symbol in close) close[symbol] = Math.max(close[symbol], closure(mark, t, since, roomAround(marks, i)));
  });
  return settle(weights, close);
}

/** Closures take the mouth for themselves, PP last; then the whole is kept from becoming a grimace. */
function settle(weights, close) {
  for (const [shut, firm] of Object.entries(close)) {
    for (const symbol of SHAPES) if (symbol !== shut) weights[symbol] *= 1 - firm;
    weights[shut] = Math.max(weights[shut], PEAK[shut] * firm);
  }
  const sum = SHAPES.reduce((total, symbol) => total + weights[symbol], 0);
  if (sum > MOST) for (const symbol of SHAPES) weights[symbol] *= MOST / sum;
  return weights;
}
