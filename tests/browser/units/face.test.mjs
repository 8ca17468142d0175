import assert from "node:assert/strict";
import { test } from "node:test";
import { Face, MORPHS, seeded } from "../../../src/digiclone/web/face.js";

const SILENT = { visemes: [], seconds: 0, sounding: false };

/** Poses of a fresh face, 30 a second for `seconds`. */
function play(state, { seconds = 20, seed = 1, mouth = () => SILENT, calm = false } = {}) {
  const face = new Face({ random: seeded(seed), calm });
  return Array.from({ length: 30 * seconds }, (_, i) => face.pose(i / 30, state, mouth(i / 30)));
}

const mean = (poses, of) => poses.reduce((sum, pose) => sum + of(pose), 0) / poses.length;

test("every weight is a number in [0, 1], in every state", () => {
  for (const state of ["idle", "listening", "thinking", "speaking", "asleep", "no such state"]) {
    for (const { weights, head } of play(state)) {
      assert.deepEqual(Object.keys(weights), MORPHS);
      assert.ok(Object.values(weights).every((weight) => weight >= 0 && weight <= 1));
      assert.ok(Object.values(head).every((value) => Math.abs(value) < 0.3));
    }
  }
});

test("the same seed and the same clock give the same face", () => {
  assert.deepEqual(play("idle", { seed: 7 }), play("idle", { seed: 7 }));
  assert.notDeepEqual(play("idle", { seed: 7 }), play("idle", { seed: 8 }));
});

test("it blinks, fully, some times in twenty seconds, and both eyes together", () => {
  const lids = play("idle").map(({ weights }) => weights.eyeBlinkLeft);
  const blinks = lids.filter((lid, i) => lid > 0.5 && lids[i - 1] <= 0.5).length;
  assert.ok(blinks >= 3 && blinks <= 14, `${blinks} blinks`);
  for (const { weights } of play("idle")) assert.equal(weights.eyeBlinkLeft, weights.eyeBlinkRight);
});

test("the states look different", () => {
  const settled = (state) => play(state).slice(60);
  const up = (state) => mean(settled(state), ({ weights }) => weights.eyeLookUpLeft);
  assert.ok(up("thinking") > up("listening") + 0.15, "who thinks looks up");
  const brow = (state) => mean(settled(state), ({ weights }) => weights.browOuterUpLeft);
  assert.ok(brow("listening") > brow("idle") + 0.05, "who listens lifts the brows");
  const sway = (state) => mean(settled(state), ({ head }) => Math.abs(head.yaw));
  assert.ok(sway("speaking") > 1.5 * sway("listening"), "who speaks moves more");
  assert.ok(mean(settled("asleep"), ({ weights }) => weights.eyeBlinkLeft) > 0.9, "who sleeps has closed eyes");
});

test("both eyes look the same way", () => {
  for (const { weights } of play("idle")) {
    assert.equal(weights.eyeLookOutLeft, weights.eyeLookInRight);
    assert.equal(weights.eyeLookInLeft, weights.eyeLookOutRight);
    assert.equal(weights.eyeLookUpLeft, weights.eyeLookUpRight);
  }
});

test("the eyes jump and rest; they do not glide", () => {
  const x = play("idle", { seconds: 40 }).map(({ weights }) => weights.eyeLookOutLeft - weights.eyeLookInLeft);
  const still = x.filter((value, i) => i > 0 && Math.abs(value - x[i - 1]) < 0.004).length;
  assert.ok(still > 0.7 * x.length);
});

test("the mouth follows the voice, and closes when the voice stops in mid-vowel", () => {
  const visemes = [{ symbol: "aa", start: 0, end: 10 }];
  const poses = play("speaking", { seconds: 3, mouth: (t) => ({ visemes, seconds: Math.min(t, 2), sounding: t < 2 }) });
  assert.ok(poses[45].weights.viseme_aa > 0.55);
  assert.ok(poses[30 * 2.2].weights.viseme_aa < 0.05);
});

test("a phrase is marked with the brows", () => {
  const face = new Face({ random: seeded(3) });
  for (let t = 0; t < 5; t += 0.02) face.pose(t, "speaking", SILENT);
  const before = face.pose(5, "speaking", SILENT).weights.browInnerUp;
  face.emphasise();
  assert.ok(face.pose(5.4, "speaking", SILENT).weights.browInnerUp > before + 0.15);
});

test("who prefers reduced motion gets a head that nearly rests, and lips that move", () => {
  const sway = (calm) => mean(play("speaking", { calm }), ({ head }) => Math.abs(head.yaw));
  assert.ok(sway(true) < 0.3 * sway(false));
  const visemes = [{ symbol: "aa", start: 0, end: 2 }];
  assert.ok(
    play("speaking", { calm: true, seconds: 1, mouth: (t) => ({ visemes, seconds: t, sounding: true }) }).at(-1).weights
      .viseme_aa > 0.55,
  );
});
