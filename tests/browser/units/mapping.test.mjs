import assert from "node:assert/strict";
import { test } from "node:test";
import { summary } from "../../../src/digiclone/web/mapping.js";

test("halves that go equally far are shown as one", () => {
  const sources = { jawOpen: 0.48, mouthSmileLeft: 0.3, mouthSmileRight: 0.3, eyeBlinkLeft: 1, eyeBlinkRight: 0.5 };
  assert.deepEqual(summary(sources), [
    ["jawOpen", "× 0.48"],
    ["mouthSmileLeft/Right", "× 0.3"],
    ["eyeBlinkLeft", "× 1"],
    ["eyeBlinkRight", "× 0.5"],
  ]);
  assert.deepEqual(summary({ mouthSmileRight: 1 }), [["mouthSmileRight", "× 1"]]);
  assert.deepEqual(summary({}), []);
});
