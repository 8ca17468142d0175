/** For tests and research: what the page knows, to read and not to change, as `window.digiclone`. */

/**
 * @typedef {object} Digiclone
 * @property {string} state  connecting, waking, ready, listening, thinking, speaking, held, deaf or gone
 * @property {string} clone  its name
 * @property {number} turn  of the latest event
 * @property {{turn: number, seconds: number, running: boolean}} place  how much of which turn has been heard
 * @property {Record<string, number>} weights  morph weights as last drawn, in [0, 1]
 * @property {"head"|"drawing"|""} face  what is drawn
 * @property {Record<string, number>} moves  the avatar's own shapes as last drawn, by its names
 * @property {import("./latency.js").Measurement[]} latency  per turn, oldest first; seconds
 * @property {AudioNode} output  all that the clone says passes through it: connect what listens or measures
 * @property {() => MediaStream} stream  the same, as a stream to record
 */

/** Defines `window.digiclone` (see `Digiclone`). */
export function expose(page) {
  const api = {
    get state() {
      return page.shown.state;
    },
    get clone() {
      return page.clone;
    },
    get turn() {
      return page.turn;
    },
    get place() {
      return page.player?.place ?? { turn: 0, seconds: 0, running: false };
    },
    get weights() {
      return page.stage.weights;
    },
    get face() {
      return page.stage.kind;
    },
    get moves() {
      return page.stage.moves;
    },
    get latency() {
      return page.latency.turns;
    },
    get output() {
      return page.player?.output;
    },
    stream() {
      const tap = page.context.createMediaStreamDestination();
      page.player.output.connect(tap);
      return tap.stream;
    },
  };
  Object.defineProperty(window, "digiclone", { value: Object.freeze(api) });
}
