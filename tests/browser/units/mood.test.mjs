import assert from "node:assert/strict";
import { test } from "node:test";
import { mood, MOODS } from "../../../src/digiclone/web/mood.js";

const CASES = {
  happy: ["I am so happy to see you!", "Good morning.", "haha, that was it", "jajaja, qué bueno", "Das ist so toll! 🎉", ":)"],
  loving: ["I love you, dear.", "Je t'adore ❤️", "<3"],
  sad: ["I am sorry to hear that your dog died.", "Unfortunately, that is what they said.", "😢", "ну вот :("],
  surprised: ["Wow, that is incredible!", "What?!", "¿¡Qué!?", "😮", "什么？！"],
  serious: ["Be careful, that is dangerous.", "⚠ Achtung", "There is a problem with this."],
};
const NEUTRAL = [
  ...["", " ", "The meeting is at three.", "I am not happy about that.", "No problem at all.", "What is it?", "Stop!"],
  // Words of other languages that look like English ones: die, war, fun, miss, sad, most, error, dear.
  ...["Die Sonne scheint und das war schon alles.", "Ich mag die Art, wie er das tut", "El error de la casa es muy raro"],
  ...["Het is een grote fun voor mijn best vriend in Gent", "W sadzie rosną jabłka i gruszki", "今天天气怎么样", "1234 5678"],
];

test("moods from words, emoji, laughter and punctuation", () => {
  for (const [name, texts] of Object.entries(CASES))
    for (const text of texts) assert.equal(mood(text).name, name, text);
});

test("most texts have none, and other languages come to no harm", () => {
  for (const text of NEUTRAL) assert.deepEqual(mood(text), { name: "neutral", strength: 0 }, text);
});

test("strength grows with intensity and never leaves [0, 1]", () => {
  const strength = (text) => mood(text).strength;
  assert.ok(strength("That is very good") > strength("That is good"));
  assert.ok(strength("That is good!") > strength("That is good"));
  const much = "wonderful 😀 ".repeat(500);
  assert.equal(strength(`the ${much}!!!`), 1);
  for (const text of ["!".repeat(1e4), "?!".repeat(1e4), "a".repeat(1e5), "\ud83d", "ha".repeat(1e4), "not ".repeat(1e4)])
    assert.ok(strength(text) >= 0 && strength(text) <= 1);
});

test("no mood asks for more than a face should give", () => {
  for (const { mouthSmile = 0, browInnerUp = 0, browOuterUp = 0, tilt = 0, pitch = 0 } of Object.values(MOODS)) {
    assert.ok(mouthSmile <= 0.3 && browInnerUp <= 0.4 && browOuterUp <= 0.4);
    assert.ok(Math.abs(tilt) < 0.1 && Math.abs(pitch) < 0.1);
  }
});
