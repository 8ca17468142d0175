/**
 * The mood of a text, from words, emoji and punctuation, and what a face makes of it. A short list that anybody can
 * read and change, no model. Pure. Words are English; a text that does not look English is judged by its emoji, its
 * laughter and its punctuation alone, so that other languages come to no harm.
 */

/**
 * What each mood adds to the face at full strength: morph weights (a name without side stands for both sides), `lids`
 * (how far they come down), and `pitch` and `tilt` of the head in radians.
 * @type {Record<string, Record<string, number>>}
 */
export const MOODS = {
  happy: { mouthSmile: 0.28, cheekSquint: 0.32, eyeSquint: 0.1, browInnerUp: 0.05, browOuterUp: 0.08, tilt: 0.02 },
  loving: { mouthSmile: 0.22, cheekSquint: 0.25, eyeSquint: 0.12, browInnerUp: 0.2, lids: 0.06, tilt: 0.07 },
  sad: { browInnerUp: 0.38, mouthFrown: 0.36, browDown: 0.06, lids: 0.12, pitch: 0.05, tilt: 0.03 },
  surprised: { browInnerUp: 0.34, browOuterUp: 0.38, eyeWide: 0.6, pitch: -0.025 },
  serious: { browDown: 0.34, browInnerUp: 0.1, mouthPress: 0.14, eyeSquint: 0.12, pitch: 0.015 },
};

/** Words by mood; a star stands for any ending. None of them is a frequent word of another language. */
const WORDS = {
  happy:
    "happy happi* glad* great wonderful* fantastic* awesome excellent delight* enjoy* joy* fun funny laugh* smil* " +
    "brilliant* amazing* perfect* congratulat* celebrat* hooray yay cheer* excit* thank* welcome proud* nice lovely " +
    "pleased pleasure good best beautiful* hilarious* fortunately luckily",
  loving: "love loved loves loving dear dearest darling sweetheart hug hugs hugged kiss* adore* cherish* fond",
  sad:
    "sad sadly sadden* sorry unfortunately regret* grief griev* cry crying cries cried tears lost loss lonely died " +
    "dead death dying funeral miserabl* unhapp* heartbr* hurt hurts pain painful suffer* terribl* awful* tragic* " +
    "disappoint* depress*",
  surprised: "wow whoa woah omg gosh surpris* unbelievabl* incredibl* astonish* unexpected* suddenly shock*",
  serious:
    "warning* careful* danger* serious* important* emergency urgent* critical* risk* wrong problem* fail* error* " +
    "mistake* angry anger furious hate* worr* afraid fear* threat* crisis illegal* violen* war",
};
const EMOJI = {
  happy: "😀😃😄😁😆😅😂🤣🙂😊😉😎🥳🎉👍✨😋😜🤗🌞☺😇👏🙌",
  loving: "❤🧡💛💚💙💜💕💖💗💞💓😍🥰😘🫶💋",
  sad: "😢😭☹🙁😞😔😟💔😥😿🥺😓😩",
  surprised: "😮😲😱🤯😯😳🙀",
  serious: "😠😡🤬⚠🚨😤☠🚫",
};
const SMILEYS = [
  ["happy", /[:;=]-?[)D]|\^_?\^/g],
  ["loving", /<3/g],
  ["sad", /[:=]'?-?\(/g],
  ["happy", /(?:h[aeié]){2,}|(?:ja){2,}|(?:х[аеи]){2,}|哈{2,}|ㅋ{2,}|笑/giu],
  ["surprised", /\?!|!\?|？！|！？|\breally\?/gi],
];

const NOT = /^(?:not?|never|without|hardly|nothing|cannot|can't|don't|doesn't|didn't|isn't|aren't|wasn't|won't|n't)$/;
const VERY = /^(?:so|very|really|truly|extremely|absolutely|totally|too|such)$/;
/** What remains of a mood that is denied: who is not happy is a little sad. */
const DENIED = { happy: ["sad", 0.5], sad: ["happy", 0.4], loving: ["serious", 0.3], serious: ["happy", 0.2] };
/** Words that hardly another language shares: a text with one of them, or of three words or fewer, is English. */
const ENGLISH =
  /\b(?:the|and|you|your|that|this|with|what|are|it|it's|i'm|i've|they|would|about|there|from|because|think|know)\b/i;

/** How much one word or sign says, of 1. Below LEAST nothing shows. */
const WORD = 0.55;
const SIGN = 0.8;
const LEAST = 0.4;

const LEXICON = new Map();
const STEMS = [];
for (const [mood, words] of Object.entries(WORDS))
  for (const word of words.split(" "))
    if (word.endsWith("*")) STEMS.push([word.slice(0, -1), mood]);
    else LEXICON.set(word, mood);

const moodOf = (word) => LEXICON.get(word) ?? STEMS.find(([stem]) => word.startsWith(stem))?.[1];

/**
 * @param {string} text  a phrase or a sentence
 * @returns {{name: string, strength: number}} one of `MOODS` and how much of it, in [0, 1]; "neutral" and 0 for most
 */
export function mood(text) {
  const score = { happy: 0, loving: 0, sad: 0, surprised: 0, serious: 0 };
  signs(text, score);
  const words = text.toLowerCase().replaceAll("’", "'").match(/[\p{L}']+/gu) ?? [];
  if (words.length <= 3 || ENGLISH.test(text)) spoken(words, score);
  const [name, best] = Object.entries(score).reduce((a, b) => (b[1] > a[1] ? b : a));
  if (best < LEAST) return { name: "neutral", strength: 0 };
  return { name, strength: Math.min(1, best * (text.includes("!") ? 1.25 : 1)) };
}

function signs(text, score) {
  for (const [name, signs] of Object.entries(EMOJI))
    for (const sign of signs) if (text.includes(sign)) score[name] += SIGN;
  for (const [name, pattern] of SMILEYS) score[name] += SIGN * (text.match(pattern)?.length ?? 0);
}

function spoken(words, score) {
  words.forEach((word, i) => {
    const name = moodOf(word);
    if (!name) return;
    const before = words.slice(Math.max(0, i - 3), i);
    const much = WORD * (VERY.test(before.at(-1) ?? "") ? 1.4 : 1);
    if (!before.some((other) => NOT.test(other))) score[name] += much;
    else if (name in DENIED) score[DENIED[name][0]] += much * DENIED[name][1];
  });
}
