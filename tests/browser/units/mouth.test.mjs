import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../../src/digiclone/web/face.js";
import { envelope, shape, VISEMES } from "../../../src/digiclone/web/mouth.js";

const mark = (symbol, start, end) => ({ symbol, start, end });
const middle = ({ start, end }) => (start + end) / 2;
const word = [
  mark("PP", 0.1, 0.2),
  mark("aa", 0.2, 0.3),
  mark("FF", 0.3, 0.4),
  mark("O", 0.4, 0.6),
  mark("PP", 0.6, 0.63),
];
const times = Array.from({ length: 400 }, (_, i) => -0.5 + i / 200);

/** Random words: sounds of 20 ms to 1 s, short ones more often, closures more often than in speech. */
function* words(count, seed) {
  const random = seeded(seed);
  for (let n = 0; n < count; n++) {
    const marks = [];
    let t = 0.3 * random();
    for (let i = 0; i < 2 + 12 * random(); i++) {
      const closes = random() < 0.35;
      const symbol = closes ? ["PP", "FF"][Math.floor(2 * random())] : VISEMES[Math.floor(VISEMES.length * random())];
      const d = 0.02 * 50 ** (random() * random());
      marks.push(mark(symbol, t, t + d));
      t += d + (random() < 0.2 ? 0.3 * random() : 0);
    }
    yield marks;
  }
}

const others = (weights, symbol) => Math.max(...Object.keys(weights).map((key) => (key === symbol ? 0 : weights[key])));

test("in any word, weights stay in [0, 1] and together do not make a grimace", () => {
  for (const marks of [word, ...words(100, 1)]) {
    for (const t of times) {
      const weights = Object.values(shape(marks, t));
      assert.ok(weights.every((weight) => weight >= 0 && weight <= 1));
      assert.ok(weights.reduce((sum, weight) => sum + weight, 0) <= 1 + 1e-9);
    }
  }
});

test("in any word, the lips are closed at the middle of every PP, and nothing else moves them", () => {
  for (const marks of words(500, 2)) {
    for (const closed of marks.filter(({ symbol }) => symbol === "PP")) {
      const weights = shape(marks, middle(closed));
      assert.ok(weights.PP >= 0.9 - 1e-9);
      assert.ok(others(weights, "PP") < 1e-9);
    }
  }
});

test("in any word, the lower lip meets the teeth at the middle of every FF", () => {
  for (const marks of words(500, 3)) {
    for (const closed of marks.filter(({ symbol }) => symbol === "FF")) {
      const weights = shape(marks, middle(closed));
      assert.ok(weights.FF >= 0.9 - 1e-9);
      assert.ok(others(weights, "FF") < 1e-9);
    }
  }
});

test("at any frame rate, even one that falters, every closure is seen, and no later than in the next picture", () => {
  const random = seeded(4);
  for (const marks of words(300, 5)) {
    const rate = 10 + 50 * random();
    const pictures = [];
    for (let t = -1, since = -1; t < 4; since = t, t += (0.5 + random()) / rate)
      pictures.push({ t, weights: shape(marks, t, since) });
    for (const closed of marks.filter(({ symbol, end }) => symbol === "PP" && end < 3)) {
      const seen = pictures.findIndex(({ t, weights }) => weights.PP > 0.89 && t > closed.start - 0.05);
      const due = pictures.findIndex(({ t }) => t > middle(closed));
      assert.ok(seen >= 0 && seen <= due + 1, `${JSON.stringify(closed)} at ${rate} pictures a second`);
      const shown = pictures.slice(Math.max(0, due - 1), due + 2);
      assert.ok(shown.some(({ weights }) => weights.PP > 0.89 && others(weights, "PP") < 1e-9));
    }
  }
});

test("in any word, no shape moves faster than lips can: all the way in a thirtieth of a second", () => {
  for (const marks of words(150, 6)) {
    const closures = marks.filter(({ symbol }) => symbol === "PP" || symbol === "FF");
    // From one kind of closure to another the lips must be in time for both, however near they are.
    const rushed = closures.some(
      (mark, i) => i && mark.symbol !== closures[i - 1].symbol && middle(mark) - middle(closures[i - 1]) < 0.16,
    );
    if (rushed) continue;
    let before = shape(marks, -0.2);
    for (let t = -0.2; t < 3; t += 0.002) {
      const now = shape(marks, t);
      for (const symbol of Object.keys(now)) assert.ok(Math.abs(now[symbol] - before[symbol]) / 0.002 < 30);
      before = now;
    }
  }
});

test("PP closes the lips at its middle, even a short one between open vowels", () => {
  const tight = [mark("aa", 0, 0.1), mark("PP", 0.1, 0.12), mark("O", 0.12, 0.3)];
  const weights = shape(tight, 0.11);
  assert.ok(weights.PP >= 0.89);
  for (const symbol of VISEMES.slice(2)) assert.ok(weights[symbol] < 0.01, symbol);
});

test("a closure lasts long enough for one frame at 20 per second to catch it", () => {
  const shut = times.flatMap((t) =>
    shape([mark("aa", 0, 0.2), mark("PP", 0.2, 0.21), mark("aa", 0.21, 0.4)], t).PP > 0.85 ? [t] : [],
  );
  assert.ok(shut.at(-1) - shut[0] >= 0.04);
});

test("peaks are 0.9 for closures and 0.6 for the others; a sound too short falls short of it", () => {
  assert.ok(Math.abs(shape([mark("aa", 0, 0.1)], 0.07).aa - 0.6) < 1e-9);
  assert.ok(Math.abs(shape([mark("FF", 0, 0.1)], 0.05).FF - 0.9) < 1e-9);
  const hasty = shape([mark("I", 0, 0.02)], 0.01).I;
  assert.ok(hasty > 0.2 && hasty < 0.45, `${hasty}`);
});

test("neighbours overlap: the next sound begins before the last has gone", () => {
  const pair = [mark("E", 0, 0.1), mark("O", 0.1, 0.2)];
  const weights = shape(pair, 0.1);
  assert.ok(weights.E > 0.05 && weights.O > 0.05);
});

test("an envelope starts at t - 2d/3, peaks at t + d/2 and has gone at t + 3d/2", () => {
  const sound = mark("I", 1, 1.12);
  assert.equal(envelope(sound, 1 - 0.081), 0);
  assert.ok(envelope(sound, 1 - 0.05) > 0);
  assert.equal(envelope(sound, 1.06), 1);
  assert.ok(envelope(sound, 1.15) > 0);
  assert.equal(envelope(sound, 1.181), 0);
});

test("the jaw comes later than the lips", () => {
  const rising = (symbol) => times.find((t) => envelope(mark(symbol, 0.5, 0.6), t) > 0.5);
  assert.ok(rising("aa") >= rising("I") + 0.01);
});

test("a long vowel is held, and prepared no longer than a tenth of a second", () => {
  const vowel = mark("I", 1, 2);
  assert.equal(envelope(vowel, 0.89), 0);
  assert.equal(envelope(vowel, 1.2), 1);
  assert.equal(envelope(vowel, 1.8), 1);
  assert.equal(envelope(vowel, 2.13), 0);
});

test("lips are round for the consonants before a rounded vowel, as in 'stool', but not across a vowel or a pause", () => {
  const stool = [mark("aa", 0, 0.1), mark("SS", 0.1, 0.2), mark("DD", 0.2, 0.26), mark("U", 0.26, 0.4)];
  const lone = [...stool.slice(0, 3), mark("aa", 0.26, 0.4)];
  assert.ok(shape(stool, 0.19).U > 0.1);
  assert.equal(shape(lone, 0.19).U, 0);
  const across = [mark("SS", 0, 0.1), mark("I", 0.1, 0.3), mark("U", 0.3, 0.4)];
  assert.equal(shape(across, 0.15).U, 0);
  const paused = [mark("SS", 0, 0.1), mark("U", 0.3, 0.4)];
  assert.equal(shape(paused, 0.15).U, 0);
});

test("odd input makes no odd mouth", () => {
  const odd = [mark("??", 0, 1), mark("aa", 1, 1), mark("aa", 2, 1), mark("aa", NaN, 3), mark("sil", 0, 1)];
  for (const input of [[], odd]) {
    for (const t of [-1, 0, 0.5, 1, 2, 1e9, NaN, Infinity]) {
      for (const weight of Object.values(shape(input, t, 0))) assert.equal(weight, 0);
    }
  }
  for (const weight of Object.values(shape(word, NaN))) assert.ok(weight >= 0 && weight <= 1);
});

test("silence is a closed, resting mouth", () => {
  assert.ok(Object.values(shape([mark("sil", 0, 1)], 0.5)).every((weight) => weight === 0));
});
