import assert from "node:assert/strict";
import { test } from "node:test";
import { beats, syllables } from "../../../src/digiclone/web/emphasis.js";

/** The syllables that are stressed. */
const at = (text) => beats(text).map(({ syllable }) => syllable);

test("syllables, roughly", () => {
  const words = { cake: 1, little: 2, beautiful: 3, strength: 1, Über: 2, hello: 2, the: 1, сегодня: 3, 你好: 2, "12": 1 };
  for (const [word, count] of Object.entries(words)) assert.equal(syllables(word), count, word);
});

test("capitals, stars, the word before an exclamation mark and the end of a question are stressed", () => {
  assert.deepEqual(at("I would have been THERE"), [4]);
  assert.deepEqual(at("it was *you* who did this"), [2]);
  assert.deepEqual(beats("is it you?").map(({ asks }) => asks), [true]);
  assert.deepEqual(at("and this is it!"), [3]);
});

test("a shouted phrase is not one long beat", () => {
  assert.ok(at("I HAVE BEEN THERE BEFORE AND I WILL BE THERE AGAIN").length <= 4);
});

test("the first word that carries meaning is stressed, small words are not", () => {
  assert.deepEqual(at("in the garden"), [2]);
  assert.deepEqual(at("and so it was"), []);
});

test("beats are apart from each other, in order, and few", () => {
  const text = "Extraordinarily complicated philosophical considerations frequently necessitate deliberation! ".repeat(5);
  const found = beats(text);
  found.forEach(({ syllable, strength }, i) => {
    assert.ok(strength > 0 && strength <= 1);
    if (i) assert.ok(syllable - found[i - 1].syllable >= 4);
  });
});

test("odd texts have no beats that make trouble", () => {
  for (const text of ["", "   ", "…", "?!", "🎉🎉", "这是什么？", "*", "a".repeat(1e5), "\ud83d"]) assert.ok(at(text).length <= 1);
});
