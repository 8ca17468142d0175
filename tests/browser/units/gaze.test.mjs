import assert from "node:assert/strict";
import { test } from "node:test";
import { Blink } from "../../../src/digiclone/web/blink.js";
import { seeded } from "../../../src/digiclone/web/face.js";
import { Gaze } from "../../../src/digiclone/web/gaze.js";

/** Where the eyes are, 30 times a second. */
function look(state, { seconds = 300, seed = 1, viewer = { x: 0, y: 0 } } = {}) {
  const gaze = new Gaze(seeded(seed));
  gaze.viewer = viewer;
  return Array.from({ length: 30 * seconds }, (_, i) => {
    gaze.step(i / 30, state, 1);
    return { ...gaze.at, shift: gaze.shift };
  });
}

const share = (places, holds) => places.filter(holds).length / places.length;
const met = ({ x, y }) => Math.hypot(x, y) < 0.06;

test("eyes mostly meet those of the person; a listener's more, a thinker's hardly", () => {
  const [idle, listening, speaking, thinking] = ["idle", "listening", "speaking", "thinking"].map((state) =>
    share(look(state), met),
  );
  assert.ok(listening > 0.88 && listening > speaking, `${listening}`);
  assert.ok(speaking > 0.6 && speaking < 0.95, `${speaking}`);
  assert.ok(idle > 0.55 && idle < 0.95, `${idle}`);
  assert.ok(thinking < 0.35, `${thinking}`);
});

test("a thinker looks up, and to one side for the length of a thought", () => {
  const places = look("thinking", { seconds: 8, seed: 3 }).slice(10);
  assert.ok(share(places, ({ y }) => y > 0.05) > 0.6);
  const sides = new Set(places.filter((place) => !met(place)).map(({ x }) => Math.sign(x)));
  assert.equal(sides.size, 1);
});

test("most utterances begin with a look away, and a phrase that ends brings the eyes back", () => {
  let averted = 0;
  for (let seed = 0; seed < 200; seed++) {
    const gaze = new Gaze(seeded(seed));
    for (let t = 0; t < 1; t += 0.03) gaze.step(t, "listening", 1);
    for (let t = 1; t < 1.3; t += 0.03) gaze.step(t, "speaking", 1);
    if (met(gaze.at)) continue;
    averted += 1;
    gaze.return(1.3);
    for (let t = 1.3; t < 1.5; t += 0.03) gaze.step(t, "speaking", 1);
    assert.ok(met(gaze.at), `seed ${seed}`);
  }
  assert.ok(averted > 100 && averted < 160, `${averted}`);
});

test("every jump is told once, and takes no longer than eyes need", () => {
  const places = look("idle");
  const jumps = places.filter(({ shift }) => shift > 0.1).length;
  assert.ok(jumps > 20 && jumps < 200, `${jumps}`);
  places.forEach((place, i) => {
    if (place.shift <= 0.1) return;
    const later = places.slice(i + 1, i + 4);
    if (later.length === 3 && later.every(({ shift }) => shift === 0))
      assert.ok(Math.hypot(later[1].x - later[2].x, later[1].y - later[2].y) < 1e-9, "at rest after three pictures");
  });
});

test("a person at the side is looked at, one behind is not", () => {
  const at = (x) => share(look("listening", { viewer: { x, y: 0 } }), (place) => Math.abs(place.x - x) < 0.06);
  assert.ok(at(0.5) > 0.85);
  assert.ok(at(1.5) < 0.1);
});

test("blinks come as often as people blink, more often in speech, and never at once", () => {
  const blinks = (state) => {
    const blink = new Blink(seeded(4));
    const lids = Array.from({ length: 60 * 600 }, (_, i) => blink.lids(i / 60, state));
    assert.ok(lids.every((lid) => lid >= 0 && lid <= 1));
    return lids.filter((lid, i) => lid > 0.6 && lids[i - 1] <= 0.6).length / 10;
  };
  const [listening, speaking] = [blinks("listening"), blinks("speaking")];
  assert.ok(listening > 7 && listening < 20, `${listening}`);
  assert.ok(speaking > 15 && speaking < 34 && speaking > listening + 4, `${speaking}`);
});

test("an invitation to blink is taken at once, or not at all", () => {
  const blink = new Blink(() => 0.3);
  for (let t = 0; t < 1.4; t += 0.02) blink.lids(t, "listening");
  blink.invite(0.1);
  assert.equal(blink.lids(1.42, "listening"), 0);
  assert.equal(blink.lids(1.5, "listening"), 0);
  blink.invite(0.9);
  blink.lids(1.52, "listening");
  assert.ok(blink.lids(1.58, "listening") > 0.5);
});
