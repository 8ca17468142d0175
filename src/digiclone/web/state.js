/** What the page tells the person about the conversation: one state from many facts. Pure. */

/**
 * @typedef {object} Facts
 * @property {"connecting"|"open"|"gone"} link
 * @property {number} seconds  until the next attempt to connect
 * @property {boolean} awake  the clone's models are loaded
 * @property {boolean} held
 * @property {boolean} speaking  sound of the clone is playing, or is about to go on
 * @property {boolean} thinking  the clone's turn has begun and nothing of it has been heard yet
 * @property {boolean} hearing  the person is speaking
 * @property {boolean} listening  the microphone is being sent
 * @property {boolean} pressed  by push-to-talk
 * @property {string} trouble  with the microphone
 */

/** @type {Facts} */
export const START = Object.freeze({
  link: "connecting",
  seconds: 0,
  awake: false,
  held: false,
  speaking: false,
  thinking: false,
  hearing: false,
  listening: false,
  pressed: false,
  trouble: "",
});

/** States in order of precedence: the first whose condition holds is shown. */
const STATES = [
  ["gone", (f) => f.link === "gone", (f) => `Server gone, reconnecting in ${Math.max(1, Math.ceil(f.seconds))} s`],
  ["connecting", (f) => f.link === "connecting", () => "Connecting"],
  ["waking", (f) => !f.awake, (_, clone) => `${clone} is waking up`],
  ["held", (f) => f.held && f.speaking, () => "Held: go on, I am listening"],
  ["listening", (f) => f.pressed, () => "Listening: let go when you have finished"],
  ["speaking", (f) => f.speaking, () => "Speaking"],
  ["listening", (f) => f.hearing, () => "Listening"],
  ["thinking", (f) => f.thinking, () => "Thinking"],
  ["listening", (f) => f.listening, () => "Listening: just speak"],
  ["deaf", (f) => f.trouble !== "", () => "No microphone: you can type"],
  ["ready", () => true, () => "Ready"],
];

/**
 * @param {Facts} facts
 * @param {string} clone its name
 * @returns {{state: string, text: string}}
 */
export function show(facts, clone) {
  const [state, , text] = STATES.find(([, holds]) => holds(facts));
  return { state, text: text(facts, clone) };
}
