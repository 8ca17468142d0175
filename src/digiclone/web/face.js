/**
 * What the face does besides talking: it blinks, breathes, looks about, listens and thinks. Pure: time and chance are
 * given, so that the same seed gives the same face.
 */

import { shape, VISEMES } from "./mouth.js";

/** Every morph that the face drives. */
export const MORPHS = [
  ...VISEMES.slice(1).map((symbol) => `viseme_${symbol}`),
  ...["eyeBlinkLeft", "eyeBlinkRight", "eyeWideLeft", "eyeWideRight", "eyeSquintLeft", "eyeSquintRight"],
  ...["eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeLookDownLeft"],
  ...["eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight", "eyeLookDownRight"],
  ...["browInnerUp", "browOuterUpLeft", "browOuterUpRight", "browDownLeft", "browDownRight"],
  ...["mouthSmileLeft", "mouthSmileRight", "mouthPressLeft", "mouthPressRight"],
];

/**
 * How each state looks. x, y: where the eyes rest (to the right of who looks at it, and up; 1 is as far as eyes go);
 * wander: how far they leave it, `every` so many seconds; brow, knit, squint, smile: morph weights; pitch, tilt:
 * radians; sway, nod: how much the head moves.
 */
const IDLE = {
  x: 0,
  y: 0,
  wander: 0.28,
  every: 2.2,
  brow: 0,
  knit: 0,
  squint: 0.03,
  smile: 0.1,
  pitch: 0,
  tilt: 0,
  sway: 0.7,
  nod: 0,
};
const LOOKS = {
  idle: IDLE,
  listening: {
    ...IDLE,
    wander: 0.07,
    every: 1.5,
    brow: 0.16,
    squint: 0,
    smile: 0.13,
    pitch: 0.035,
    tilt: 0.045,
    nod: 1,
  },
  thinking: { ...IDLE, x: 0.34, y: 0.36, wander: 0.12, every: 0.9, knit: 0.22, squint: 0.12, smile: 0.02, tilt: -0.05 },
  speaking: { ...IDLE, wander: 0.12, every: 1.3, brow: 0.06, smile: 0.08, sway: 1.5 },
  asleep: { ...IDLE, y: -0.2, wander: 0, squint: 0, smile: 0, pitch: 0.1, sway: 0.4 },
};

/** Half-lives in seconds: of the change between looks, of the eyes' jump, of the lips' closing when the voice stops. */
const CHANGE = 0.14;
const JUMP = 0.02;
const RELAX = 0.04;
/** Seconds of a blink: lids fall fast and rise slowly. */
const FALL = 0.07;
const RISE = 0.16;
/** Seconds of a nod of the listener, or of the speaker's brows at the start of a phrase. */
const NOD = 0.8;

/**
 * A small generator of random numbers (mulberry32): the same seed gives the same numbers.
 * @param {number} seed @returns {() => number} in [0, 1)
 */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const clamp = (x) => Math.min(1, Math.max(0, x));
/** Fraction of the way to go in `dt` seconds if half is gone in `half`. */
const toward = (dt, half) => 1 - 2 ** (-dt / half);
/** 0, up to 1 at the middle of `length`, 0 again. */
const hump = (age, length) => (age > 0 && age < length ? Math.sin((Math.PI * age) / length) ** 2 : 0);
/** Smooth noise in [-1, 1]: three slow waves that never meet again. */
const drift = (t, phase) =>
  0.5 * Math.sin(0.53 * t + phase) + 0.3 * Math.sin(1.17 * t + 2.1 * phase) + 0.2 * Math.sin(2.03 * t + 3.7 * phase);

/**
 * @typedef {object} Pose
 * @property {Record<string, number>} weights  in [0, 1], by the names in `MORPHS`
 * @property {{pitch: number, yaw: number, roll: number, rise: number}} head  three angles in radians (down, to its left
 *   and toward its left shoulder are positive), and metres
 */

export class Face {
  #random;
  #calm;
  #now = 0;
  #look = { ...LOOKS.asleep };
  #gaze = { x: 0, y: 0 };
  #target = { x: 0, y: 0 };
  #nextGaze = 0;
  #blinkAt = 1;
  #nodAt = 2;
  #emphasisAt = -10;
  #voice = 0;
  #phase;

  /**
   * @param {object} [options]
   * @param {() => number} [options.random] in [0, 1)
   * @param {boolean} [options.calm]  the person prefers reduced motion: lips and lids move, the rest nearly rests
   */
  constructor({ random = Math.random, calm = false } = {}) {
    this.#random = random;
    this.#calm = calm ? 0.2 : 1;
    this.#phase = [0, 1, 2, 3].map(() => 2 * Math.PI * random());
  }

  /** A phrase begins: brows and head mark it. */
  emphasise() {
    this.#emphasisAt = this.#now;
  }

  /**
   * @param {number} now seconds; never goes back
   * @param {keyof typeof LOOKS} state
   * @param {{visemes: import("./wire.js").Mark[], seconds: number, sounding: boolean}} mouth
   * @returns {Pose}
   */
  pose(now, state, mouth) {
    const dt = Math.min(0.1, Math.max(0, now - this.#now));
    this.#now = now;
    this.#settle(LOOKS[state] ?? LOOKS.idle, dt);
    const weights = Object.fromEntries(MORPHS.map((name) => [name, 0]));
    this.#talk(weights, mouth, dt);
    this.#lookAbout(weights, dt);
    this.#blink(weights, state);
    this.#express(weights);
    for (const name of MORPHS) weights[name] = clamp(weights[name]);
    return { weights, head: this.#head() };
  }

  #settle(goal, dt) {
    const step = toward(dt, CHANGE);
    for (const key of Object.keys(goal)) this.#look[key] += step * (goal[key] - this.#look[key]);
  }

  #talk(weights, { visemes, seconds, sounding }, dt) {
    this.#voice += toward(dt, RELAX) * ((sounding ? 1 : 0) - this.#voice);
    for (const [symbol, weight] of Object.entries(shape(visemes, seconds)))
      weights[`viseme_${symbol}`] = this.#voice * weight;
  }

  /** Eyes do not glide: they rest, then jump. */
  #lookAbout(weights, dt) {
    const { x, y, wander, every } = this.#look;
    if (this.#now >= this.#nextGaze) {
      this.#target = { x: wander * (2 * this.#random() - 1), y: 0.6 * wander * (2 * this.#random() - 1) };
      this.#nextGaze = this.#now + every * (0.4 + 1.2 * this.#random());
    }
    const step = toward(dt, JUMP);
    this.#gaze.x += step * (x + this.#calm * this.#target.x - this.#gaze.x);
    this.#gaze.y += step * (y + this.#calm * this.#target.y - this.#gaze.y);
    const [right, up] = [this.#gaze.x, this.#gaze.y];
    for (const [outward, side] of [
      [-right, "Right"],
      [right, "Left"],
    ]) {
      weights[`eyeLookOut${side}`] = Math.max(0, outward);
      weights[`eyeLookIn${side}`] = Math.max(0, -outward);
      weights[`eyeLookUp${side}`] = Math.max(0, up);
      weights[`eyeLookDown${side}`] = Math.max(0, -up);
    }
  }

  #blink(weights, state) {
    const age = this.#now - this.#blinkAt;
    if (age > FALL + RISE) {
      // One blink in six comes double.
      this.#blinkAt = this.#now + (this.#random() < 0.17 ? 0.08 : 1.6 + 4 * this.#random());
    }
    const lid = age < 0 ? 0 : age < FALL ? age / FALL : 1 - (age - FALL) / RISE;
    // Lids follow the eyes: who looks down, half closes them.
    const low = 0.35 * Math.max(0, -this.#gaze.y);
    for (const side of ["Left", "Right"]) weights[`eyeBlink${side}`] = state === "asleep" ? 0.92 : Math.max(lid, low);
  }

  #express(weights) {
    const { brow, knit, squint, smile } = this.#look;
    const lift = this.#calm * 0.3 * hump(this.#now - this.#emphasisAt, NOD);
    const idle = 0.05 * this.#calm * (1 + drift(this.#now, this.#phase[3]));
    weights.browInnerUp = brow + lift + idle;
    for (const side of ["Left", "Right"]) {
      weights[`browOuterUp${side}`] = 0.7 * (brow + lift);
      weights[`browDown${side}`] = knit;
      weights[`eyeSquint${side}`] = squint;
      weights[`mouthSmile${side}`] = smile;
      weights[`mouthPress${side}`] = 0.5 * knit;
    }
  }

  #head() {
    const t = this.#now;
    const { pitch, tilt, sway, nod } = this.#look;
    if (t > this.#nodAt + NOD) this.#nodAt = t + 2.5 + 4 * this.#random();
    const move = this.#calm * sway;
    const down = this.#calm * (0.05 * nod * hump(t - this.#nodAt, NOD) + 0.035 * hump(t - this.#emphasisAt, NOD));
    return {
      pitch: pitch + 0.022 * move * drift(t, this.#phase[0]) + down,
      yaw: 0.045 * move * drift(0.8 * t, this.#phase[1]),
      roll: tilt * this.#calm + 0.016 * move * drift(0.7 * t, this.#phase[2]),
      // Breathing: a quarter of a cycle per second, two millimetres.
      rise: 0.002 * this.#calm * Math.sin(2 * Math.PI * 0.25 * t),
    };
  }
}
