/**
 * What the face does besides talking: it looks, blinks, breathes, listens, thinks, stresses words and shows a mood.
 * Pure: time and chance are given, so that the same seed gives the same face. The parts are in `gaze.js` (eyes),
 * `blink.js` (lids), `mood.js` and `emphasis.js` (what the words call for), `listener.js` (nods) and `mouth.js` (lips).
 */

import { Blink } from "./blink.js";
import { beats } from "./emphasis.js";
import { Gaze } from "./gaze.js";
import { Listener } from "./listener.js";
import { mood, MOODS } from "./mood.js";
import { PEAK, shape, VISEMES } from "./mouth.js";

const both = (name) => [`${name}Left`, `${name}Right`];

/** Every morph that the face drives. */
export const MORPHS = [
  ...VISEMES.slice(1).map((symbol) => `viseme_${symbol}`),
  ...["eyeBlink", "eyeWide", "eyeSquint", "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeLookDown"].flatMap(both),
  "browInnerUp",
  ...["browOuterUp", "browDown", "cheekSquint", "mouthSmile", "mouthFrown", "mouthPress"].flatMap(both),
];

/** How each state looks: brow, knit, squint, smile, lids: weights; pitch, tilt: radians; sway: how the head moves. */
const IDLE = { brow: 0, knit: 0, squint: 0.03, smile: 0.1, pitch: 0, tilt: 0, sway: 0.8, lids: 0 };
const LOOKS = {
  idle: IDLE,
  listening: { ...IDLE, brow: 0.14, squint: 0, smile: 0.12, pitch: 0.03, tilt: 0.045, sway: 0.55 },
  thinking: { ...IDLE, knit: 0.2, squint: 0.1, smile: 0.03, pitch: -0.02, tilt: -0.045, sway: 0.7 },
  speaking: { ...IDLE, brow: 0.05, smile: 0.07, sway: 1.5 },
  asleep: { ...IDLE, squint: 0, smile: 0, pitch: 0.1, sway: 0.4, lids: 0.92 },
};

/** Half-lives in seconds: of the change between looks, of lips closing when the voice stops, of the head's turn. */
const CHANGE = 0.14;
const RELAX = 0.04;
const FOLLOW = 0.16;
/** Half-lives of a mood's coming and going, and how long it stays after the words that called for it. */
const ARISE = 0.22;
const FADE = 0.9;
const LAST = 3;
/** Seconds of a beat of the head, of brows that mark a word, of brows that ask. */
const BEAT = 0.5;
const BROWS = 0.7;
const ASK = 1.1;
/** Seconds by which a beat comes before its vowel, as gestures do. */
const EARLY = 0.1;
/** Seconds without a mark that end a phrase. */
const PAUSE = 0.14;
/** Radians that eyes turn at full weight of their four shapes. */
const EYES = { side: 0.45, up: 0.26, down: 0.38 };
/** How much of a look aside the head does. */
const HEAD_SHARE = 0.3;
/** More than this looks like a clown, or like a fright. */
const MOST = { mouthSmile: 0.4, browInnerUp: 0.4, browOuterUp: 0.4 };
/** Shapes of moods that may part the lips: a closure takes them back. A smile does not part closed lips. */
const PARTING = ["mouthFrown", "mouthPress"];
const VOWELS = new Set(["aa", "E", "I", "O", "U"]);

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

const clamp = (x, most = 1) => Math.min(most, Math.max(0, x));
/** Fraction of the way to go in `dt` seconds if half is gone in `half`. */
const toward = (dt, half) => 1 - 2 ** (-dt / half);
/** 0, up to 1 at the middle of `length`, 0 again. */
const hump = (age, length) => (age > 0 && age < length ? Math.sin((Math.PI * age) / length) ** 2 : 0);
/** Smooth noise in [-1, 1]: three slow waves that never meet again. */
const drift = (t, phase) =>
  0.5 * Math.sin(0.53 * t + phase) + 0.3 * Math.sin(1.17 * t + 2.1 * phase) + 0.2 * Math.sin(2.03 * t + 3.7 * phase);
/** Whether a mark is heard at `seconds`, or nearly. */
const within = (seconds, { start, end }) => start - PAUSE <= seconds && seconds <= end + PAUSE / 2;
/** Breath in [0, 1], four seconds long: in faster than out. */
const breath = (t) => {
  const part = (t / 4) % 1;
  const turn = part < 0.4 ? part / 0.4 : 1 + (part - 0.4) / 0.6;
  return 0.5 - 0.5 * Math.cos(Math.PI * turn);
};

/**
 * @typedef {object} Pose
 * @property {Record<string, number>} weights  in [0, 1], by the names in `MORPHS`
 * @property {{pitch: number, yaw: number, roll: number, rise: number}} head  three angles in radians (down, to its left
 *   and toward its left shoulder are positive), and metres
 */

export class Face {
  /** How lively it is, in [0, 1]: 0 is a statue that talks and blinks. */
  life = 1;
  #random;
  #calm;
  #now = 0;
  #look = { ...LOOKS.asleep };
  #gaze;
  #blink;
  #listener;
  #turned = { x: 0, y: 0 };
  #voice = 0;
  /** Where the last picture was in the turn's sound. */
  #seconds = 0;
  #sealed = 0;
  #silent = true;
  /** @type {{at: number, beats: ReturnType<typeof beats>}} the phrase that is heard: where it began */
  #phrase = { at: 0, beats: [] };
  #beat = { at: -10, strength: 0, asks: false, lean: 0 };
  #feeling = { name: "neutral", strength: 0, until: 0 };
  /** @type {Record<string, number>} how much of each mood is in the face */
  #moods = Object.fromEntries(Object.keys(MOODS).map((name) => [name, 0]));
  #phase;
  /** Nobody's face is the same on both sides. */
  #lopsided;

  /**
   * @param {object} [options]
   * @param {() => number} [options.random] in [0, 1)
   * @param {boolean} [options.calm]  the person prefers reduced motion: lips and lids move, the rest nearly rests
   */
  constructor({ random = Math.random, calm = false } = {}) {
    this.#random = random;
    this.#calm = calm ? 0.2 : 1;
    this.#phase = [0, 1, 2, 3].map(() => 2 * Math.PI * random());
    this.#lopsided = 0.08 * (random() < 0.5 ? -1 : 1);
    this.#gaze = new Gaze(random);
    this.#blink = new Blink(random);
    this.#listener = new Listener(random);
  }

  /** Where the person is who looks at the face: radians to the right and up from straight ahead. */
  set viewer(at) {
    this.#gaze.viewer = at;
  }

  /** A phrase of the clone begins to be heard: its words call for a mood and for beats. */
  phrase(text) {
    this.#feel(mood(text), 1);
    this.#phrase = { at: this.#seconds, beats: beats(text) };
  }

  /** The person has said this: the face shows that it was understood. */
  heard(text) {
    this.#feel(mood(text), 0.6);
  }

  /** How loud the person is, 50 times a second while the microphone is open. @param {number} level RMS in [0, 1] */
  hear(level) {
    this.#listener.hear(level);
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
    this.#stress(mouth);
    this.#gaze.step(now, state, this.#lively);
    if (this.#gaze.shift > 0.1) this.#blink.invite(0.5);
    const head = this.#head(state, dt);
    this.#glance(weights, head);
    this.#express(weights, this.#blink.lids(now, state));
    for (const name of MORPHS) weights[name] = clamp(weights[name], MOST[name.replace(/(Left|Right)$/, "")]);
    return { weights, head };
  }

  get #lively() {
    return this.#calm * this.life;
  }

  #settle(goal, dt) {
    const step = toward(dt, CHANGE);
    for (const key of Object.keys(goal)) this.#look[key] += step * (goal[key] - this.#look[key]);
    for (const name of Object.keys(this.#moods)) {
      const { name: felt, strength, until } = this.#feeling;
      const level = name === felt && this.#now < until ? strength : 0;
      this.#moods[name] += toward(dt, level > this.#moods[name] ? ARISE : FADE) * (level - this.#moods[name]);
    }
  }

  #feel({ name, strength }, share) {
    // Words without a mood leave the last one to fade.
    if (strength) this.#feeling = { name, strength: share * strength, until: this.#now + LAST };
  }

  /** What the moods in the face add up to. @param {string} part a key of the entries of `MOODS` */
  #mood(part) {
    let sum = 0;
    for (const [name, level] of Object.entries(this.#moods)) sum += level * (MOODS[name][part] ?? 0);
    return sum;
  }

  #talk(weights, { visemes, seconds, sounding }, dt) {
    const since = this.#seconds < seconds && seconds < this.#seconds + 0.5 ? this.#seconds : seconds;
    this.#seconds = seconds;
    this.#voice += toward(dt, RELAX) * ((sounding ? 1 : 0) - this.#voice);
    const shapes = shape(visemes, seconds, since);
    for (const [symbol, weight] of Object.entries(shapes)) weights[`viseme_${symbol}`] = this.#voice * weight;
    this.#sealed = Math.max(shapes.PP, shapes.FF) / PEAK.PP;
    const silent = !sounding || !visemes.some((mark) => mark.symbol !== "sil" && within(seconds, mark));
    if (silent && !this.#silent) this.#paused();
    this.#silent = silent;
  }

  /** A phrase of the clone is over. */
  #paused() {
    this.#gaze.return(this.#now);
    this.#blink.invite(0.5);
  }

  /** Beats fall on the vowels of their words: the marks of the mouth tell when those are heard. */
  #stress({ visemes, seconds, sounding }) {
    const [next] = this.#phrase.beats;
    if (!next || !sounding) return;
    const [from, to] = [this.#phrase.at - 0.05, seconds + EARLY];
    const vowels = visemes.filter(({ symbol, start }) => VOWELS.has(symbol) && start >= from && start <= to);
    if (vowels.length <= next.syllable) return;
    this.#phrase.beats.shift();
    this.#beat = { at: this.#now, ...next, lean: 2 * this.#random() - 1 };
  }

  #glance(weights, head) {
    // The eyes hold on to what they look at while the head moves.
    const right = (this.#gaze.at.x - head.yaw) / EYES.side;
    const up = this.#gaze.at.y + head.pitch;
    for (const [outward, side] of [
      [-right, "Right"],
      [right, "Left"],
    ]) {
      weights[`eyeLookOut${side}`] = Math.max(0, outward);
      weights[`eyeLookIn${side}`] = Math.max(0, -outward);
      weights[`eyeLookUp${side}`] = Math.max(0, up / EYES.up);
      weights[`eyeLookDown${side}`] = Math.max(0, -up / EYES.down);
    }
  }

  #express(weights, blink) {
    const { brow, knit, squint, smile, lids } = this.#look;
    const { at, strength, asks } = this.#beat;
    const lift = this.#lively * strength * (asks ? 0.32 : 0.24) * hump(this.#now - at, asks ? ASK : BROWS);
    const restless = 0.04 * this.#lively * (1 + drift(this.#now, this.#phase[3]));
    weights.browInnerUp = brow + lift + restless + this.#mood("browInnerUp");
    const open = 1 - this.#sealed * this.#voice;
    // Lids follow the eyes: who looks down, half closes them.
    const low = 0.4 * weights.eyeLookDownLeft + this.#mood("lids");
    for (const [side, more] of [
      ["Left", 1 + this.#lopsided],
      ["Right", 1 - this.#lopsided],
    ]) {
      weights[`browOuterUp${side}`] = more * (0.7 * (brow + lift) + this.#mood("browOuterUp"));
      weights[`browDown${side}`] = more * (knit + this.#mood("browDown"));
      weights[`eyeSquint${side}`] = squint + this.#mood("eyeSquint");
      weights[`cheekSquint${side}`] = this.#mood("cheekSquint");
      weights[`mouthSmile${side}`] = more * (smile + this.#mood("mouthSmile") - 0.3 * this.#mood("mouthFrown"));
      weights[`mouthFrown${side}`] = this.#mood("mouthFrown");
      weights[`mouthPress${side}`] = 0.4 * knit + this.#mood("mouthPress");
      for (const part of PARTING) weights[`${part}${side}`] *= open;
      weights[`eyeBlink${side}`] = Math.max(blink, lids, low);
      weights[`eyeWide${side}`] = this.#mood("eyeWide") * (1 - blink);
    }
  }

  #head(state, dt) {
    const t = this.#now;
    const { pitch, tilt, sway } = this.#look;
    const step = toward(dt, FOLLOW);
    for (const axis of ["x", "y"]) this.#turned[axis] += step * (HEAD_SHARE * this.#gaze.at[axis] - this.#turned[axis]);
    const move = this.#lively * sway;
    const { at, strength, asks, lean } = this.#beat;
    const beat = this.#lively * strength * hump(t - at, BEAT);
    const dip = asks ? -0.015 : 0.045;
    const nod = state === "listening" ? this.#listener.nod(t) : 0;
    const [wander, turn, roll] = this.#phase.map((phase, i) => move * drift([1, 0.8, 0.7, 1][i] * t, phase));
    return {
      pitch: pitch + this.#mood("pitch") - this.#turned.y + 0.022 * wander + this.#lively * nod + dip * beat,
      yaw: this.#calm * this.#turned.x + 0.04 * turn + 0.02 * lean * beat,
      roll: this.#lively * (tilt + this.#mood("tilt")) + 0.016 * roll + 0.012 * lean * beat,
      rise: 0.002 * this.#lively * (breath(t) - 0.5),
    };
  }
}

