/** Where a phrase is stressed, from its text alone. Pure. */

/** English words that carry no stress. In other languages a word's length has to tell. */
const WEAK = new Set(
  (
    "a an the and or but if so as at by for from in into of on off to up with than then that this these those " +
    "there here i me my you your he him his she her it its we us our they them their who which what is am are was " +
    "were be been being do does did have has had will would can could shall should may might must not " +
    "no just well oh i'm it's that's i've i'll you're we're they're don't let's yes"
  ).split(" "),
);
/** Letters from which a word of an unknown language is taken to carry meaning. */
const LONG = 5;
/** Syllables between two beats, at least: a head that marks every word is a woodpecker. */
const APART = 4;

const VOWELS = /[aeiouyаеёиоуыэюяαεηιουω]+/g;
const IDEOGRAPH = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;

/**
 * How many vowels are heard in a word, roughly.
 * @param {string} word
 */
export function syllables(word) {
  const ideographs = word.match(IDEOGRAPH)?.length ?? 0;
  const plain = word.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
  // "cake" has one, "little" has two.
  const groups = plain.replace(/(?<=[aeiouy][^aeiouy]+)(?<!l)e$/, "").match(VOWELS)?.length ?? 0;
  return ideographs + (groups || (ideographs ? 0 : 1));
}

/**
 * The beats of a phrase, in order: where head and brows mark it.
 * @param {string} text
 * @returns {{syllable: number, strength: number, asks: boolean}[]} counted from 0; strength in (0, 1]; `asks`: the
 *   end of a question, for which brows rise and the head does not nod
 */
export function beats(text) {
  const shouted = text === text.toUpperCase();
  let syllable = 0;
  let opened = false;
  const found = [];
  for (const { 0: word, index } of text.matchAll(/[\p{L}\p{N}]+(?:['’]\p{L}+)*/gu)) {
    const around = { before: text[index - 1], after: text[index + word.length], shouted, first: !opened };
    const strength = stress(word, around);
    if (strength) found.push({ syllable, strength, asks: around.after === "?" || around.after === "？" });
    opened ||= strength > 0;
    syllable += syllables(word);
  }
  return spaced(found);
}

/** How strongly a word is stressed, in [0, 1]. */
function stress(word, { before, after, shouted, first }) {
  if (before === "*" || before === "_") return 1;
  if (!shouted && word.length > 1 && word === word.toUpperCase() && /\p{Lu}/u.test(word)) return 1;
  if (after === "!" || after === "！") return 0.9;
  if (after === "?" || after === "？") return 0.8;
  if (/\p{N}/u.test(word)) return 0.6;
  if (WEAK.has(word.toLowerCase().replace("’", "'"))) return 0;
  if (first) return 0.6;
  return word.length > LONG ? 0.45 : 0;
}

/** Of beats that are too near to each other, the strongest. */
function spaced(found) {
  const kept = [];
  for (const beat of [...found].sort((a, b) => b.strength - a.strength))
    if (kept.every(({ syllable }) => Math.abs(syllable - beat.syllable) >= APART)) kept.push(beat);
  return kept.sort((a, b) => a.syllable - b.syllable);
}
