import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff } from "../../../src/digiclone/web/socket.js";
import { show, START } from "../../../src/digiclone/web/state.js";
import { decode, message } from "../../../src/digiclone/web/wire.js";

/** As docs/wire.md says. */
function frame(header, pcm = []) {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const buffer = new ArrayBuffer(4 + json.length + 2 * pcm.length);
  const view = new DataView(buffer);
  view.setUint32(0, json.length, true);
  new Uint8Array(buffer, 4).set(json);
  pcm.forEach((sample, i) => view.setInt16(4 + json.length + 2 * i, sample, true));
  return buffer;
}

test("an event is its header", () => {
  const header = { type: "Heard", turn: 3, at: 1.25, text: "naïve \u{1f431}", final: false };
  assert.deepEqual(decode(frame(header)), header);
});

test("sound is 16-bit PCM after a header of any length", () => {
  for (const text of ["", "a", "ab", "abc"]) {
    const event = decode(
      frame({ type: "Spoke", turn: 1, at: 0, text, rate: 24000, phones: [] }, [0, 1, -1, 32767, -32768]),
    );
    assert.deepEqual([...event.pcm], [0, 1, -1, 32767, -32768]);
  }
});

test("a chunk without sound has empty sound", () => {
  assert.equal(decode(frame({ type: "Spoke", turn: 1, at: 0, text: "", rate: 24000, phones: [] })).pcm.length, 0);
});

test("a broken frame is refused", () => {
  assert.throws(() => decode(frame({ type: "Done" }).slice(0, 9)), RangeError);
  assert.throws(() => decode(new ArrayBuffer(2)), RangeError);
});

test("messages are what the wire says", () => {
  const read = (text) => JSON.parse(text);
  assert.deepEqual(read(message.mic(44100.0)), { type: "mic", rate: 44100 });
  assert.deepEqual(read(message.mode(true)), { type: "mode", hands_free: true });
  assert.deepEqual(read(message.talk(false)), { type: "talk", down: false });
  assert.deepEqual(read(message.say("hi")), { type: "say", text: "hi" });
  assert.equal(read(message.say("x".repeat(9000))).text.length, 4000);
  assert.deepEqual(read(message.stop()), { type: "stop" });
  assert.deepEqual(read(message.played(2, 1.23456)), { type: "played", turn: 2, seconds: 1.235 });
});

test("the most important fact is the one that is shown", () => {
  const state = (facts) => show({ ...START, ...facts }, "ada").state;
  const open = { link: "open", awake: true };
  assert.equal(state({}), "connecting");
  assert.equal(state({ link: "open" }), "waking");
  assert.equal(state(open), "ready");
  assert.equal(state({ ...open, trouble: "blocked" }), "deaf");
  assert.equal(state({ ...open, listening: true }), "listening");
  assert.equal(state({ ...open, listening: true, thinking: true }), "thinking");
  assert.equal(state({ ...open, listening: true, speaking: true, hearing: true }), "speaking");
  assert.equal(state({ ...open, speaking: true, held: true }), "held");
  assert.equal(state({ ...open, speaking: true, link: "gone" }), "gone");
});

test("the wait for the server is told in whole seconds, never zero", () => {
  assert.match(show({ ...START, link: "gone", seconds: -0.2 }, "ada").text, /in 1 s$/);
  assert.match(show({ ...START, link: "gone", seconds: 3.2 }, "ada").text, /in 4 s$/);
});

test("the pauses between attempts to connect grow, up to ten seconds", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 40].map(backoff), [0.5, 1, 2, 4, 8, 10, 10]);
});
