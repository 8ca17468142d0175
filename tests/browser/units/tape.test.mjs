import assert from "node:assert/strict";
import { test } from "node:test";
import { Tape } from "../../../src/digiclone/web/tape.js";

const RATE = 48_000;
const FADE = 240;
const BLOCK = 128;
/** 1, 2, 3, … scaled: every sample is known by its value. */
const ramp = (n, from = 0) => Float32Array.from({ length: n }, (_, i) => (from + i + 1) / 1e5);

/** Renders `blocks` blocks from `frame`; returns the samples and the changes. */
function render(tape, blocks, frame = 0) {
  const out = new Float32Array(blocks * BLOCK);
  const changes = [];
  for (let i = 0; i < blocks; i++) {
    const block = out.subarray(i * BLOCK, (i + 1) * BLOCK);
    changes.push(...tape.render(block, frame + i * BLOCK));
  }
  return { out, changes };
}

test("chunks play without a gap, then silence", () => {
  const tape = new Tape(RATE);
  const sound = ramp(1000);
  for (const [a, b] of [
    [0, 100],
    [100, 101],
    [101, 700],
    [700, 1000],
  ])
    tape.push(1, sound.slice(a, b));
  const { out, changes } = render(tape, 10, 5000);
  assert.deepEqual(out.slice(0, 1000), sound);
  assert.ok(out.slice(1000).every((sample) => sample === 0));
  assert.deepEqual(changes, [
    { frame: 5000, turn: 1, position: 0, running: true },
    { frame: 6000, turn: 1, position: 1000, running: false },
  ]);
});

test("a hold fades out within 5 ms; the place is kept; the two fades add up to what would have been", () => {
  const tape = new Tape(RATE);
  const sound = ramp(4000);
  tape.push(1, sound);
  const before = render(tape, 4);
  tape.hold();
  const held = render(tape, 8, 4 * BLOCK);
  assert.deepEqual(held.changes, [{ frame: 512, turn: 1, position: 512, running: false }]);
  assert.ok(held.out.slice(FADE).every((sample) => sample === 0));
  tape.resume();
  const after = render(tape, 20, 12 * BLOCK);
  assert.deepEqual(after.changes[0], { frame: 12 * BLOCK, turn: 1, position: 512, running: true });
  assert.deepEqual(before.out, sound.slice(0, 512));
  for (let i = 0; i < FADE; i++) assert.ok(Math.abs(held.out[i] + after.out[i] - sound[512 + i]) < 1e-7);
  assert.deepEqual(after.out.slice(FADE, 2000), sound.slice(512 + FADE, 2512));
});

test("a hold and a resume between two blocks are not heard at all", () => {
  const tape = new Tape(RATE);
  const sound = ramp(4000);
  tape.push(1, sound);
  render(tape, 4);
  tape.hold();
  tape.resume();
  const { out } = render(tape, 4);
  for (let i = 0; i < 512; i++) assert.ok(Math.abs(out[i] - sound[512 + i]) < 1e-7);
});

test("what comes while the tape is held waits", () => {
  const tape = new Tape(RATE);
  tape.hold();
  tape.push(1, ramp(300));
  assert.ok(render(tape, 3).out.every((sample) => sample === 0));
  tape.resume();
  assert.deepEqual(render(tape, 3).out.slice(0, 300), ramp(300));
});

test("a drop silences the turn and those before it, and lets later ones play from their start", () => {
  const tape = new Tape(RATE);
  tape.push(1, ramp(4000));
  render(tape, 4);
  tape.push(2, ramp(200, 9000));
  tape.drop(1);
  const { out, changes } = render(tape, 3);
  const tail = out.slice(200, FADE);
  assert.ok(Math.abs(out[0] - (ramp(4000)[512] + ramp(200, 9000)[0])) < 1e-7, "the fade-out is under the next turn");
  assert.ok(tail.every((sample, i) => Math.abs(sample - ramp(4000)[712 + i] * (1 - (200 + i) / FADE)) < 1e-7));
  assert.deepEqual(changes[0], { frame: 0, turn: 2, position: 0, running: true });
});

test("a drop ends a hold", () => {
  const tape = new Tape(RATE);
  tape.push(1, ramp(4000));
  render(tape, 2);
  tape.hold();
  render(tape, 4);
  tape.drop(1);
  assert.ok(render(tape, 4).out.every((sample) => sample === 0));
  tape.push(2, ramp(128));
  assert.deepEqual(render(tape, 1).out, ramp(128));
});

test("after a reset the turns are counted anew", () => {
  const tape = new Tape(RATE);
  tape.push(1, ramp(1000));
  render(tape, 2);
  tape.reset();
  render(tape, 4);
  tape.push(1, ramp(128));
  const { out, changes } = render(tape, 1, 4096);
  assert.deepEqual(out, ramp(128));
  assert.deepEqual(changes, [{ frame: 4096, turn: 1, position: 0, running: true }]);
});
