/**
 * From visemes to mouth shapes, with coarticulation: neighbouring sounds overlap, as lips do. Pure.
 * Envelopes after TalkingHead: a sound of length d at t starts to shape the mouth at t - 2d/3, is at its peak at
 * t + d/2 and is gone at t + 3d/2.
 */

/** The 15 visemes of Oculus, as digiclone names them. */
export const VISEMES = ["sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U"];

/** Lips that must meet (PP), or meet the teeth (FF), go further than the others. */
const PEAK = { PP: 0.9, FF: 0.9 };
const USUAL = 0.6;
/** How far a sound's neighbours make way at its middle: closed lips are closed. */
const CLOSURE = { PP: 1, FF: 0.7 };

/** Bounds in seconds: no mouth prepares a long vowel for half a second. */
const LEAD = 0.1;
const RISE = 0.07;
const TAIL = 0.12;
/** Shortest time for which a closure is complete: one frame of a slow display must catch it. */
const SHUT = 0.05;
/** Seconds in which lips close and open around a closure. */
const LIPS = 0.05;
/** The sum of weights above which shapes would add up to a grimace. */
const MOST = 1;

const smooth = (x) => x * x * (3 - 2 * x);
const clamp = (x) => Math.min(1, Math.max(0, x));

/** 0 before `a`, 1 from `b` to `c`, 0 after `d`, smooth between. */
const trapezium = (t, a, b, c, d) => smooth(clamp((t - a) / (b - a))) * smooth(clamp((d - t) / (d - c)));

/**
 * How much of a sound is in the mouth at time `t`.
 * @param {import("./wire.js").Mark} mark @param {number} t seconds on the same clock
 * @returns {number} in [0, 1]
 */
export function envelope({ start, end }, t) {
  const d = end - start;
  const rise = Math.min(d / 2, RISE);
  return trapezium(t, start - Math.min((2 * d) / 3, LEAD), start + rise, end - rise, end + Math.min(d / 2, TAIL));
}

/** How firmly the closure of `mark` holds at `t`, in [0, 1]. */
function closure({ start, end }, t) {
  const middle = (start + end) / 2;
  const half = Math.max(SHUT, (end - start) / 2) / 2;
  return trapezium(t, middle - half - LIPS, middle - half, middle + half, middle + half + LIPS);
}

/**
 * The mouth at time `t`.
 * @param {import("./wire.js").Mark[]} visemes in order; unknown symbols and marks without length are passed over
 * @param {number} t seconds on the clock of the marks
 * @returns {Record<string, number>} weight in [0, 1] of each viseme but "sil"
 */
export function shape(visemes, t) {
  const weights = Object.fromEntries(VISEMES.slice(1).map((symbol) => [symbol, 0]));
  const close = { PP: 0, FF: 0 };
  if (!Number.isFinite(t)) return weights;
  for (const mark of visemes) {
    if (!(mark.symbol in weights) || !(mark.end > mark.start)) continue;
    if (mark.start - LEAD - LIPS > t) break;
    if (mark.end + TAIL + LIPS < t) continue;
    const { symbol } = mark;
    weights[symbol] = Math.max(weights[symbol], (PEAK[symbol] ?? USUAL) * envelope(mark, t));
    if (symbol in close) close[symbol] = Math.max(close[symbol], closure(mark, t));
  }
  return settle(weights, close);
}

/** Closures take the mouth for themselves; then the whole is kept from becoming a grimace. */
function settle(weights, close) {
  for (const [shut, firm] of Object.entries(close)) {
    for (const symbol of Object.keys(weights)) if (symbol !== shut) weights[symbol] *= 1 - CLOSURE[shut] * firm;
    weights[shut] = Math.max(weights[shut], PEAK[shut] * firm);
  }
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0);
  if (sum > MOST) for (const symbol of Object.keys(weights)) weights[symbol] *= MOST / sum;
  return weights;
}
