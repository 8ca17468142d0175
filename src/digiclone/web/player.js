/**
 * The player owns the clock: what the mouth does, which phrase is shown and what is reported as heard all follow from
 * how much of a turn's sound has really come out of the speaker.
 */

import { deck } from "./deck.js";
import { Resampler } from "./resample.js";

/** Milliseconds between looks at the clock: finer than anybody notices in a caption. */
const TICK = 40;
/** Seconds between two `played` reports. */
const REPORT = 0.2;
/** Seconds for which old changes are kept: longer than any output latency. */
const MEMORY = 2;

/**
 * @typedef {object} Hooks
 * @property {(turn: number, text: string) => void} phrase  a phrase begins to be heard
 * @property {(turn: number, waited: number) => void} started  its first sound is heard, `waited` seconds after it came
 * @property {(turn: number, seconds: number) => void} played  report this to the clone
 * @property {(turn: number) => void} ended  the turn has nothing more to play
 */

/** One turn's sound: all of it that has come. Times in seconds from the turn's first sample. */
class Turn {
  seconds = 0;
  /** Samples given to the tape. */
  pushed = 0;
  /** @type {import("./wire.js").Mark[]} */
  visemes = [];
  /** @type {{text: string, start: number}[]} phrases not yet heard */
  phrases = [];
  cameAt = 0;
  started = false;
  done = false;
  #rate = 0;
  /** @type {Resampler|null} */
  #resampler = null;

  /** @returns {Float32Array[]} the chunk as samples at the rate `to` */
  convert(pcm, rate, to) {
    const sound = Float32Array.from(pcm, (sample) => sample / 32768);
    this.seconds += sound.length / rate;
    const rest = rate === this.#rate ? [] : this.flush();
    if (rate !== this.#rate) this.#resampler = rate === to ? null : new Resampler(rate, to);
    this.#rate = rate;
    return [...rest, this.#resampler ? this.#resampler.push(sound) : sound];
  }

  /** @returns {Float32Array[]} what the conversion has kept back */
  flush() {
    const rest = this.#resampler ? [this.#resampler.flush()] : [];
    this.#resampler = null;
    this.#rate = 0;
    return rest;
  }
}

export class Player {
  /** Everything the player plays goes through this node. @type {GainNode} */
  output;
  #context;
  #hooks;
  #tell;
  /** @type {Map<number, Turn>} turns that are not yet over */
  #turns = new Map();
  /** The last turn that is over, played or thrown away: what still comes for it is ignored. */
  #past = -1;
  /** @type {{time: number, turn: number, seconds: number, running: boolean}[]} by context time */
  #changes = [];
  #held = false;
  #timer = 0;
  #reported = 0;

  /**
   * @param {AudioContext} context
   * @param {Hooks} hooks
   * @returns {Promise<Player>}
   */
  static async create(context, hooks) {
    const player = new Player(context, hooks);
    const { node, tell } = await deck(context, (changes) => player.#heard(changes));
    player.#tell = tell;
    node.connect(player.output);
    return player;
  }

  constructor(context, hooks) {
    this.#context = context;
    this.#hooks = hooks;
    this.output = context.createGain();
    this.output.connect(context.destination);
  }

  get held() {
    return this.#held;
  }

  /** A phrase that the next chunks of `turn` speak. */
  said(turn, text) {
    const record = this.#open(turn);
    record?.phrases.push({ text, start: record.seconds });
  }

  /** The mouth for the next chunk of `turn`; times from that chunk's start. */
  mouthed(turn, visemes) {
    const record = this.#open(turn);
    const from = record?.seconds;
    record?.visemes.push(
      ...visemes.map(({ symbol, start, end }) => ({ symbol, start: from + start, end: from + end })),
    );
  }

  /** @param {Int16Array} pcm @param {number} rate samples per second */
  spoke(turn, rate, pcm) {
    const record = this.#open(turn);
    if (!record) return;
    record.cameAt ||= performance.now();
    this.#push(turn, record, record.convert(pcm, rate, this.#context.sampleRate));
  }

  /** Nothing more comes for `turn`. */
  done(turn) {
    const record = this.#open(turn);
    if (!record) return;
    record.done = true;
    this.#push(turn, record, record.flush());
  }

  /** Silence at once; the place is kept. */
  hold() {
    this.#held = true;
    this.#tell("hold");
  }

  resume() {
    this.#held = false;
    this.#tell("resume");
    this.#watch();
  }

  /** Silence at once; what is left of `turn` and of those before it is thrown away. */
  drop(turn) {
    const { turn: playing, seconds } = this.#at(this.#context.currentTime);
    if (this.#turns.has(turn)) this.#hooks.played(turn, playing === turn ? seconds : 0);
    this.#held = false;
    this.#tell("drop", turn);
    for (const number of [...this.#turns.keys()].filter((key) => key <= turn)) this.#close(number);
    this.#past = Math.max(this.#past, turn);
  }

  /** Forgets everything: another session begins, which counts its turns from 1 again. */
  reset() {
    this.#held = false;
    this.#past = -1;
    this.#turns.clear();
    this.#changes = [];
    this.#tell("reset");
  }

  /**
   * Where the ear is.
   * @returns {{turn: number, seconds: number, running: boolean}}
   */
  get place() {
    return this.#at(this.#context.currentTime - (this.#context.outputLatency || this.#context.baseLatency || 0));
  }

  /** Where the tape is at context time `time`. */
  #at(time) {
    const at = this.#changes.findLast((change) => change.time <= time);
    if (!at) return { turn: this.#changes[0]?.turn ?? 0, seconds: 0, running: false };
    const seconds = at.seconds + (at.running ? time - at.time : 0);
    const end = this.#turns.get(at.turn)?.seconds ?? seconds;
    return { turn: at.turn, seconds: Math.min(seconds, end), running: at.running };
  }

  /**
   * What the mouth does: the visemes of the turn that is heard, and where in it the ear is.
   * @returns {{visemes: import("./wire.js").Mark[], seconds: number, sounding: boolean}}
   */
  get mouth() {
    const { turn, seconds, running } = this.place;
    return { visemes: this.#turns.get(turn)?.visemes ?? [], seconds, sounding: running };
  }

  /** @returns {Turn|undefined} none if the turn is over */
  #open(turn) {
    if (turn <= this.#past) return undefined;
    if (!this.#turns.has(turn)) this.#turns.set(turn, new Turn());
    this.#watch();
    return this.#turns.get(turn);
  }

  #push(turn, record, chunks) {
    for (const samples of chunks) {
      record.pushed += samples.length;
      this.#tell("push", turn, samples);
    }
  }

  /** @param {import("./tape.js").Change[]} changes */
  #heard(changes) {
    const rate = this.#context.sampleRate;
    for (const { frame, turn, position, running } of changes) {
      this.#changes.push({ time: frame / rate, turn, seconds: position / rate, running });
      if (this.#held && !running) this.#hooks.played(turn, position / rate);
    }
  }

  #close(turn) {
    this.#past = turn;
    this.#turns.delete(turn);
    this.#hooks.ended(turn);
  }

  #watch() {
    this.#timer ||= setInterval(() => this.#tick(), TICK);
  }

  #tick() {
    const { turn, seconds, running } = this.place;
    const now = this.#context.currentTime;
    while (this.#changes[1]?.time < now - MEMORY) this.#changes.shift();
    for (const [number, record] of this.#turns) {
      const heard = number === turn ? seconds : number < turn ? record.seconds : -1;
      if (!this.#follow(number, record, heard)) break;
    }
    // Held, the tape itself has told where it stopped; the ear, which lags behind it, would take that back.
    if (running && !this.#held && now - this.#reported >= REPORT && this.#turns.has(turn)) {
      this.#reported = now;
      this.#hooks.played(turn, seconds);
    }
    if (this.#turns.size === 0) this.#timer = clearInterval(this.#timer);
  }

  /**
   * @param {number} seconds of the turn that have been heard; -1 while it waits for its own first sample
   * @returns {boolean} the turn is over
   */
  #follow(number, turn, seconds) {
    if (seconds >= 0 && turn.pushed && !turn.started) {
      turn.started = true;
      this.#hooks.started(number, (performance.now() - turn.cameAt) / 1000 - seconds);
    }
    const silent = turn.done && turn.pushed === 0 && !this.#held;
    while (turn.phrases.length && (silent || (turn.started && turn.phrases[0].start < seconds)))
      this.#hooks.phrase(number, turn.phrases.shift().text);
    // Half a sample's slack: the tape's place and the sum of the chunks are one number, reached by different roundings.
    const over = turn.done && turn.started && seconds >= turn.seconds - 0.5 / this.#context.sampleRate;
    if (over) this.#hooks.played(number, turn.seconds);
    if (over || silent) this.#close(number);
    return over || silent;
  }
}
