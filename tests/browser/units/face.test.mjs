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

/** A voice that speaks one vowel every fifth of a second. */
const vowels = Array.from({ length: 60 }, (_, i) => ({ symbol: "aa", start: 0.2 * i, end: 0.2 * i + 0.15 }));
const speak = (t) => ({ visemes: vowels, seconds: t, sounding: true });

/** A face that has spoken for three seconds and begins a phrase; then `seconds` more of it, 50 pictures a second. */
function phrase(text, { seconds = 3, seed = 3, calm = false } = {}) {
  const face = new Face({ random: seeded(seed), calm });
  for (let t = 0; t < 3; t += 0.02) face.pose(t, "speaking", speak(t));
  if (text) face.phrase(text);
  return Array.from({ length: 50 * seconds }, (_, i) => face.pose(3 + i / 50, "speaking", speak(3 + i / 50)));
}

test("a stressed word is marked with brows and head, when its vowel is heard", () => {
  const plain = phrase("");
  const marked = phrase("It is a REALLY plain one");
  const lift = marked.map(({ weights }, i) => weights.browInnerUp - plain[i].weights.browInnerUp);
  const dip = marked.map(({ head }, i) => head.pitch - plain[i].head.pitch);
  assert.ok(Math.max(...lift) > 0.1);
  assert.ok(Math.max(...dip) > 0.02);
  // The fourth syllable is heard 0.6 to 0.8 s after the phrase begins.
  const first = lift.findIndex((x) => x > 0.02) / 50;
  assert.ok(first > 0.4 && first < 0.9, `${first}`);
});

test("the mood of the words shows, stays within bounds, and fades", () => {
  const smile = (poses) => mean(poses.slice(100, 140), ({ weights }) => weights.mouthSmileLeft);
  const happy = phrase("That is wonderful news!", { seconds: 20 });
  assert.ok(smile(happy) > smile(phrase("That is a table.")) + 0.15);
  const sad = phrase("I am so sorry for your loss.");
  assert.ok(mean(sad.slice(100, 140), ({ weights }) => weights.mouthFrownRight) > 0.1);
  for (const { weights } of [...happy, ...sad]) {
    assert.ok(weights.mouthSmileLeft <= 0.4 && weights.mouthSmileRight <= 0.4);
    assert.ok(weights.browInnerUp <= 0.4 && weights.browOuterUpLeft <= 0.4);
  }
  assert.ok(happy.at(-1).weights.mouthSmileLeft < 0.12, "nobody smiles for ever");
});

test("no mood parts the lips on a P", () => {
  const visemes = Array.from({ length: 80 }, (_, i) => ({
    symbol: i % 2 ? "PP" : "aa",
    start: 0.1 * i,
    end: 0.1 * i + 0.1,
  }));
  for (const text of ["I am so sorry!", "That is wonderful!", "Wow!", "Be careful!", "I love you!"]) {
    const face = new Face({ random: seeded(3) });
    face.pose(0, "speaking", SILENT);
    face.phrase(text);
    for (let t = 0.05; t < 6; t += 0.05) {
      const { weights } = face.pose(t, "speaking", { visemes, seconds: t, sounding: true });
      if (Math.round(t / 0.05) % 4 !== 3 || t < 0.5) continue;
      assert.ok(weights.viseme_PP > 0.88, `${t}`);
      assert.ok(weights.viseme_aa < 1e-6);
      assert.ok(weights.mouthFrownLeft + weights.mouthPressLeft < 0.02);
    }
  }
});

test("who listens nods when the speaker pauses, and not while nobody speaks", () => {
  const listen = (level) => {
    const face = new Face({ random: seeded(2) });
    let deepest = 0;
    for (let i = 0; i < 1000; i++) {
      face.hear(level(i / 50));
      const { head } = face.pose(i / 50, "listening", SILENT);
      if (i > 100) deepest = Math.max(deepest, head.pitch);
    }
    return deepest;
  };
  const speech = (t) => (t % 3 < 2.2 ? 0.1 + 0.05 * Math.sin(30 * t) : 0.002);
  assert.ok(listen(speech) > listen(() => 0.002) + 0.02);
});

test("the eyes stay on the person while the head moves, and turn to a person at the side", () => {
  const face = new Face({ random: seeded(5) });
  const world = ({ weights, head }) => 0.45 * (weights.eyeLookOutLeft - weights.eyeLookInLeft) + head.yaw;
  const played = (from) => Array.from({ length: 600 }, (_, i) => face.pose(from + i / 30, "listening", SILENT));
  const ahead = played(0).slice(60).map(world);
  const met = ahead.filter((x) => Math.abs(x) < 0.05).length / ahead.length;
  assert.ok(met > 0.75, `${met}`);
  face.viewer = { x: 0.4, y: 0 };
  const aside = played(20).slice(60).map(world);
  assert.ok(aside.filter((x) => Math.abs(x - 0.4) < 0.06).length > 0.75 * aside.length);
});

test("a lifeless face still talks and blinks", () => {
  const face = new Face({ random: seeded(5) });
  face.life = 0;
  const poses = Array.from({ length: 600 }, (_, i) => face.pose(i / 30, "speaking", speak(i / 30)));
  assert.ok(poses.slice(60).every(({ head }) => Math.abs(head.yaw) + Math.abs(head.roll) < 1e-3));
  assert.ok(Math.max(...poses.map(({ weights }) => weights.viseme_aa)) > 0.55);
  assert.ok(Math.max(...poses.slice(60).map(({ weights }) => weights.eyeBlinkLeft)) > 0.8);
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
