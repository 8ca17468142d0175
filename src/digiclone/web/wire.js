/**
 * Events from bytes, messages to text: the browser's side of docs/wire.md, and the mirror of digiclone/wire.py.
 * Imports nothing, so that node can run it too.
 */

/**
 * @typedef {{symbol: string, start: number, end: number}} Mark  start and end in seconds
 * @typedef {{type: string, turn: number, at: number, [field: string]: any}} Event  `pcm` (Int16Array) on `Spoke`
 */

/**
 * Reads one frame: u32 header length (little-endian), JSON header, then mono 16-bit PCM if the event has sound.
 * @param {ArrayBuffer} buffer
 * @returns {Event}
 * @throws {RangeError|SyntaxError} if the frame is cut short or its header is not JSON
 */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  if (4 + length > buffer.byteLength)
    throw new RangeError(`header of ${length} bytes in a frame of ${buffer.byteLength}`);
  const event = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  // A copy, because the header may end at an odd byte. Int16Array reads in the machine's order: little-endian,
  // wherever browsers run.
  if (event.type === "Spoke") event.pcm = new Int16Array(buffer.slice(4 + length));
  return event;
}

/** What the page may say to the clone; each returns the text of one frame. */
export const message = {
  /** @param {number} rate samples per second of the binary frames that follow */
  mic: (rate) => JSON.stringify({ type: "mic", rate: Math.round(rate) }),
  /** @param {boolean} handsFree true: the voice opens the turn; false: only `talk` does */
  mode: (handsFree) => JSON.stringify({ type: "mode", hands_free: handsFree }),
  /** @param {boolean} down */
  talk: (down) => JSON.stringify({ type: "talk", down }),
  /** @param {string} text at most 4000 characters (not UTF-16 units, which would cut an emoji in half) are sent */
  say: (text) => JSON.stringify({ type: "say", text: [...text].slice(0, 4000).join("") }),
  stop: () => JSON.stringify({ type: "stop" }),
  /** @param {number} turn @param {string} text what was really said in it */
  correct: (turn, text) => JSON.stringify({ type: "correct", turn, text: [...text].slice(0, 4000).join("") }),
  /** @param {number} number of a memory: nothing of it is to stay */
  forget: (number) => JSON.stringify({ type: "forget", number }),
  /** @param {number} turn @param {number} seconds of that turn's sound that have come out of the speaker */
  played: (turn, seconds) => JSON.stringify({ type: "played", turn, seconds: Math.round(seconds * 1000) / 1000 }),
};
