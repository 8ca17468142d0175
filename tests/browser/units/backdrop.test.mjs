import assert from "node:assert/strict";
import { test } from "node:test";
import { BACKDROPS, linear, luminance, painted } from "../../../src/digiclone/web/backdrop.js";
import { tint } from "../../../src/digiclone/web/customise.js";

test("a backdrop by its name, a colour, and the studio for anything else", () => {
  assert.equal(painted("forest"), BACKDROPS.forest[1]);
  assert.equal(painted("#12Ab34"), "linear-gradient(#12Ab34, #12Ab34)");
  for (const odd of ["", "nowhere", "#12345", "url(x)", "#12345g"]) assert.equal(painted(odd), BACKDROPS.studio[1]);
  // The server takes only such names.
  for (const name of Object.keys(BACKDROPS)) assert.match(name, /^[a-z]{1,20}$/);
});

test("luminance as WCAG has it", () => {
  assert.equal(luminance("#000000"), 0);
  assert.ok(Math.abs(luminance("#ffffff") - 1) < 1e-9);
  assert.ok(Math.abs(luminance("#777777") - 0.1845) < 1e-3);
});

test("a tint turns one colour into another, as far as black allows", () => {
  const light = (colour) => [1, 3, 5].map((i) => linear(Number.parseInt(colour.slice(i, i + 2), 16) / 255));
  for (const [from, to] of [["#334557", "#e8e6e1"], ["#e4e2de", "#17130f"], ["#808080", "#808080"]])
    tint(from, to).forEach((factor, i) => assert.ok(Math.abs(factor * light(from)[i] - light(to)[i]) < 1e-6));
  for (const factor of tint("#000000", "#ffffff")) assert.ok(factor >= 1 && factor <= 40);
});
