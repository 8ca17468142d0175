import assert from "node:assert/strict";
import { test } from "node:test";
import { envelope, shape, VISEMES } from "../../../src/digiclone/web/mouth.js";

const mark = (symbol, start, end) => ({ symbol, start, end });
const word = [
  mark("PP", 0.1, 0.2),
  mark("aa", 0.2, 0.3),
  mark("FF", 0.3, 0.4),
  mark("O", 0.4, 0.6),
  mark("PP", 0.6, 0.63),
];
const times = Array.from({ length: 400 }, (_, i) => -0.5 + i / 200);

test("weights stay in [0, 1] and together do not make a grimace", () => {
  for (const t of times) {
    const weights = Object.values(shape(word, t));
    assert.ok(
      weights.every((weight) => weight >= 0 && weight <= 1),
      `${t}`,
    );
    assert.ok(weights.reduce((sum, weight) => sum + weight, 0) <= 1 + 1e-9, `${t}`);
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

test("peaks are 0.9 for closures and 0.6 for the others", () => {
  assert.ok(Math.abs(shape([mark("aa", 0, 0.1)], 0.05).aa - 0.6) < 1e-9);
  assert.ok(Math.abs(shape([mark("FF", 0, 0.1)], 0.05).FF - 0.9) < 1e-9);
});

test("neighbours overlap: the next sound begins before the last has gone", () => {
  const pair = [mark("E", 0, 0.1), mark("O", 0.1, 0.2)];
  const weights = shape(pair, 0.1);
  assert.ok(weights.E > 0.05 && weights.O > 0.05);
});

test("an envelope starts at t - 2d/3, peaks at t + d/2 and has gone at t + 3d/2", () => {
  const sound = mark("aa", 1, 1.12);
  assert.equal(envelope(sound, 1 - 0.081), 0);
  assert.ok(envelope(sound, 1 - 0.05) > 0);
  assert.equal(envelope(sound, 1.06), 1);
  assert.ok(envelope(sound, 1.15) > 0);
  assert.equal(envelope(sound, 1.181), 0);
});

test("a long vowel is held, and prepared no longer than a tenth of a second", () => {
  const vowel = mark("aa", 1, 2);
  assert.equal(envelope(vowel, 0.89), 0);
  assert.equal(envelope(vowel, 1.2), 1);
  assert.equal(envelope(vowel, 1.8), 1);
  assert.equal(envelope(vowel, 2.13), 0);
});

test("odd input makes no odd mouth", () => {
  const odd = [mark("??", 0, 1), mark("aa", 1, 1), mark("aa", 2, 1), mark("aa", NaN, 3), mark("sil", 0, 1)];
  for (const input of [[], odd]) {
    for (const t of [-1, 0, 0.5, 1, 2, 1e9, NaN]) {
      for (const weight of Object.values(shape(input, t))) assert.equal(weight, 0);
    }
  }
  for (const weight of Object.values(shape(word, NaN))) assert.ok(weight >= 0 && weight <= 1);
});

test("silence is a closed, resting mouth", () => {
  assert.ok(Object.values(shape([mark("sil", 0, 1)], 0.5)).every((weight) => weight === 0));
});
