// The answers of an election, question by question: who is chosen says theirs aloud, with their own face.

import { Stage } from "./stage.js";

const part = (id) => document.getElementById(id);

/** @typedef {{who: string, avatar: number, text: string, votes: number, sound?: string, mouth?: string}} Answer */

const audio = new Audio();
/** @type {import("./wire.js").Mark[]} */
let visemes = [];
const stage = new Stage(part("stage"), {
  state: () => (audio.paused ? "idle" : "speaking"),
  mouth: () => ({ visemes, seconds: audio.currentTime, sounding: !audio.paused }),
  margin: () => 0,
});
/** Whose face is shown. */
let face = -1;
/** What is to be heard; another choice takes its place. */
let turn = {};

async function read(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.json();
}

function say(text, bad = false) {
  part("note").textContent = text;
  part("note").classList.toggle("bad", bad);
}

/** @param {number} number of the candidate */
async function enter(number) {
  if (number === face) return;
  const { about, view } = await read(`/api/avatar/${number}`);
  const { life, background: _, ...camera } = view;
  stage.face.life = life;
  stage.view = camera;
  const why = await stage.enter(`/avatar/${number}.glb`, about);
  if (why) say(`The head cannot be shown here: ${why}.`);
  face = number;
}

/** @param {Answer} one @returns {Promise<void>} once it was heard, or something else is to be heard */
async function perform(one) {
  const mine = (turn = {});
  audio.pause();
  for (const button of part("answers").children) button.classList.toggle("speaking", button.answer === one);
  await enter(one.avatar);
  part("who").textContent = one.who;
  const rows = await read(one.mouth);
  if (mine !== turn) return;
  visemes = rows.map(([symbol, start, end]) => ({ symbol, start, end }));
  audio.src = one.sound;
  stage.face.phrase(one.text);
  await audio.play();
  await new Promise((over) => {
    audio.onended = audio.onpause = over;
  });
}

/** One after the other, until something else is chosen. @param {Answer[]} some */
async function all(some) {
  for (const one of some) {
    const heard = perform(one);
    const mine = turn;
    await heard;
    if (mine !== turn) return;
  }
}

/** @param {() => Promise<void>} what */
async function trying(what) {
  say("");
  try {
    await what();
  } catch (error) {
    say(`It cannot be heard: ${error.message}.`, true);
  }
}

function show(questions, number) {
  const { question, answers } = questions[number];
  const aloud = answers.filter((one) => one.sound);
  turn = {};
  audio.pause();
  part("question").textContent = `${number + 1} of ${questions.length}: ${question}`;
  part("before").disabled = number === 0;
  part("after").disabled = number === questions.length - 1;
  part("before").onclick = () => show(questions, number - 1);
  part("after").onclick = () => show(questions, number + 1);
  part("all").hidden = aloud.length < 2;
  part("all").onclick = () => trying(() => all(aloud));
  part("answers").replaceChildren(...answers.map(button));
  if (aloud.length) trying(() => enter(aloud[0].avatar));
  part("who").textContent = aloud[0]?.who ?? "";
}

/** @param {Answer} one */
function button(one) {
  const found = document.createElement("button");
  const head = document.createElement("b");
  const votes = document.createElement("span");
  votes.textContent = `${one.votes} ${one.votes === 1 ? "vote" : "votes"}`;
  head.append(one.who, votes);
  found.append(head, one.text);
  found.type = "button";
  found.disabled = !one.sound;
  found.answer = one;
  found.onclick = () => trying(() => perform(one));
  return found;
}

// As on the page of the clone (`expose.js`): what is drawn, for tests and research.
window.digiclone = {
  get weights() {
    return stage.weights;
  },
  get face() {
    return stage.kind;
  },
};

read("/api/answers")
  .then(({ name, questions }) => {
    document.title = name;
    part("name").textContent = name;
    show(questions, 0);
  })
  .catch((error) => say(`There are no answers to see: ${error.message}. Reload the page to try again.`, true));
