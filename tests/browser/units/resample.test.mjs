import assert from "node:assert/strict";
import { test } from "node:test";
import { Resampler } from "../../../src/digiclone/web/resample.js";

const sine = (rate, n, hertz) => Float32Array.from({ length: n }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));

/** `sound` through a resampler in chunks of `size`. */
function convert(sound, from, to, size) {
  const resampler = new Resampler(from, to);
  const out = [];
  for (let i = 0; i < sound.length; i += size) out.push(...resampler.push(sound.slice(i, i + size)));
  out.push(...resampler.flush());
  return Float32Array.from(out);
}

for (const [from, to] of [
  [24_000, 48_000],
  [24_000, 44_100],
  [22_050, 48_000],
  [22_050, 44_100],
  [48_000, 44_100],
  [16_000, 96_000],
]) {
  test(`${from} Hz to ${to} Hz: a sine stays that sine, to 60 dB`, () => {
    const out = convert(sine(from, from / 5, 1000), from, to, 777);
    const ideal = sine(to, to / 5, 1000);
    assert.equal(out.length, ideal.length);
    // The ends are cut out of silence, which no band-limited signal is.
    for (let i = 200; i < out.length - 200; i++)
      assert.ok(Math.abs(out[i] - ideal[i]) < 1e-3, `sample ${i}: ${out[i]} for ${ideal[i]}`);
  });
}

test("how the sound is cut into chunks does not matter", () => {
  const sound = sine(24_000, 2400, 700);
  const whole = convert(sound, 24_000, 44_100, 2400);
  for (const size of [1, 7, 480]) assert.deepEqual(convert(sound, 24_000, 44_100, size), whole);
});

test("what lies above the new band is gone, not folded back", () => {
  const out = convert(sine(48_000, 9600, 15_000), 48_000, 16_000, 480);
  assert.ok(Math.max(...out.slice(100, -100).map(Math.abs)) < 0.01);
});

test("nothing in, nothing out", () => {
  assert.equal(convert(new Float32Array(0), 24_000, 48_000, 1).length, 0);
});
