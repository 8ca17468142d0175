/**
 * Where the eyes look. They mostly meet the eyes of who looks at the face, and break away at the right moments: in
 * thought, at the start of an utterance, now and then in between; they come back when it ends (Kendon 1967; times after
 * Lee, Badler and Badler, "Eyes Alive", 2002). Pure: time and chance are given.
 *
 * Angles in radians: x to the right of who looks at the face, y up.
 */

/**
 * Habits by state: seconds for which the eyes meet and stay away, from … to; how far they go away; where to (x: -1 to
 * 1 chosen by chance, y as given); the chance that the next thing is a look away although they have just come back.
 */
const HABITS = {
  idle: { meet: [2.5, 6], away: [0.7, 2.2], far: [0.1, 0.3], up: [-0.08, 0.1] },
  listening: { meet: [3.5, 8], away: [0.25, 0.6], far: [0.06, 0.14], up: [-0.06, 0.03] },
  thinking: { meet: [0.3, 0.7], away: [0.8, 1.9], far: [0.12, 0.26], up: [0.11, 0.21] },
  speaking: { meet: [1.8, 4.2], away: [0.5, 1.3], far: [0.09, 0.24], up: [-0.1, 0.06] },
  asleep: { meet: [9, 9], away: [9, 9], far: [0, 0], up: [-0.2, -0.2] },
};
/** Chance that a speaker looks away as the utterance begins: to plan it. */
const AVERT = 0.65;
/** Who looks at a face looks at one eye, the other, the mouth: radians to them, and seconds at each. */
const SPOTS = [
  [-0.03, 0.005],
  [0.03, 0.005],
  [0.004, -0.045],
];
const FIXATION = [0.4, 1.6];
/** Seconds of a jump of the eyes: 20 ms and 2.2 ms for every degree. */
const jump = (angle) => 0.02 + 0.126 * angle;
/** Further round than this nobody's eyes are met: it would be a squint. */
const ASIDE = 0.75;

const smooth = (x) => x * x * (3 - 2 * x);

export class Gaze {
  /** Where the eyes are. @type {{x: number, y: number}} */
  at = { x: 0, y: 0 };
  /** How far the last jump went, for the one picture after it; else 0. */
  shift = 0;
  /** Where the person is: not straight ahead when the head is seen from the side. */
  viewer = { x: 0, y: 0 };
  #random;
  #from = { x: 0, y: 0 };
  #to = { x: 0, y: 0 };
  #jumped = -1;
  #aside = { x: 0, y: 0 };
  #away = false;
  #until = 0;
  #fixated = 0;
  #spot = SPOTS[0];
  #state = "";
  /** Thoughts are looked for on the same side until the next one. */
  #side = 1;

  /** @param {() => number} random in [0, 1) */
  constructor(random) {
    this.#random = random;
  }

  /** The phrase is over: whoever spoke looks up to see how it went. */
  return(now) {
    if (this.#away && this.#state === "speaking") this.#meet(now);
  }

  /**
   * @param {number} now seconds
   * @param {string} state one of the looks of `Face`
   * @param {number} liveliness  how far they stray, in [0, 1]
   */
  step(now, state, liveliness) {
    if (state !== this.#state) this.#enter(state, now);
    if (now >= this.#until) this.#turn(now);
    if (now >= this.#fixated) this.#fixate(now);
    this.#aim(now, liveliness);
  }

  #enter(state, now) {
    this.#state = state;
    if (state === "thinking") {
      this.#side = this.#random() < 0.5 ? -1 : 1;
      this.#leave(now);
    } else if (state === "speaking" && this.#random() < AVERT) this.#leave(now);
    else this.#meet(now);
  }

  #turn(now) {
    if (this.#away && !(this.#state === "thinking" && this.#random() < 0.75)) this.#meet(now);
    else this.#leave(now);
  }

  #meet(now) {
    this.#away = false;
    this.#until = now + this.#between(this.#habit.meet);
  }

  #leave(now) {
    const { far, up, away } = this.#habit;
    if (this.#state !== "thinking") this.#side = this.#random() < 0.5 ? -1 : 1;
    this.#aside = { x: this.#side * this.#between(far), y: this.#between(up) };
    this.#away = true;
    this.#until = now + this.#between(away);
  }

  #fixate(now) {
    // The mouth less often than the eyes, and never the same spot twice running.
    const others = SPOTS.filter((spot) => spot !== this.#spot);
    this.#spot = others[Math.floor(others.length * this.#random() ** 1.5)];
    this.#fixated = now + this.#between(FIXATION);
  }

  /** Eyes do not glide: they rest, then jump. */
  #aim(now, liveliness) {
    const goal = this.#goal(liveliness);
    this.shift = 0;
    const moved = Math.hypot(goal.x - this.#to.x, goal.y - this.#to.y);
    if (moved > 0.008) {
      [this.#from, this.#to, this.#jumped] = [this.at, goal, now];
      this.shift = moved;
    }
    const way = Math.hypot(this.#to.x - this.#from.x, this.#to.y - this.#from.y);
    const part = smooth(Math.min(1, (now - this.#jumped) / jump(way)));
    this.at = {
      x: this.#from.x + part * (this.#to.x - this.#from.x),
      y: this.#from.y + part * (this.#to.y - this.#from.y),
    };
  }

  #goal(liveliness) {
    const [x, y] = this.#away ? [this.#aside.x, this.#aside.y] : this.#spot;
    const met = Math.abs(this.viewer.x) < ASIDE && this.#state !== "asleep" ? this.viewer : { x: 0, y: 0 };
    const far = this.#state === "thinking" ? Math.max(0.5, liveliness) : liveliness;
    return { x: met.x + far * x, y: met.y + far * y };
  }

  get #habit() {
    return HABITS[this.#state] ?? HABITS.idle;
  }

  #between([least, most]) {
    return least + (most - least) * this.#random();
  }
}
