/** Wires the parts of the page to each other and to the elements of index.html. */

import { Captions } from "./captions.js";
import { choose, hideToken, socketUrl } from "./clones.js";
import { bind, wakeSound } from "./controls.js";
import { Corrections } from "./correct.js";
import { Customise } from "./customise.js";
import { wear } from "./drop.js";
import { expose } from "./expose.js";
import { Latency } from "./latency.js";
import { Memories } from "./memory.js";
import { Mic } from "./mic.js";
import { note, unnote } from "./notes.js";
import { Player } from "./player.js";
import { Socket } from "./socket.js";
import { Stage } from "./stage.js";
import { show, START } from "./state.js";
import { Talk } from "./talk.js";
import { message } from "./wire.js";

const $ = (id) => document.getElementById(id);

const MIC_TITLE = "No microphone";
/** How the face looks in each state of the page; idle in the others. */
const LOOK = {
  listening: "listening",
  held: "listening",
  thinking: "thinking",
  speaking: "speaking",
  gone: "asleep",
  connecting: "asleep",
  waking: "asleep",
};
/** Milliseconds between two looks at the countdown to the next attempt to connect. */
const COUNT = 500;

class Page {
  facts = { ...START };
  clone;
  /** The turn of the latest event. */
  turn = 0;
  #retryAt = 0;
  /** The clone thinks about a turn after this one: what still comes for this one does not end its thinking. */
  #answered = 0;
  /** The person's last words were spoken, not typed. */
  #spoken = false;
  /** Their line. */
  #asked;

  constructor(clone, context) {
    this.clone = clone.name;
    this.context = context;
    this.captions = new Captions($("log"), $("live"));
    this.corrections = new Corrections((turn, text) => this.#send(message.correct(turn, text)));
    this.memories = new Memories((number) => this.#send(message.forget(number)));
    this.latency = new Latency($("turns"), $("figure"));
    this.mic = new Mic(context, {
      frame: (pcm) => this.#send(pcm),
      level: (level) => this.#level(level),
      lost: () =>
        this.talk.lose("The microphone went away. Plug it in again, then press the button. You can also type."),
    });
    this.talk = new Talk(this.mic, {
      talk: (down) => this.#pushed(down),
      mode: (handsFree) => this.#send(message.mode(handsFree)),
      changed: () => this.#listened(),
    });
    this.stage = new Stage($("stage"), {
      state: () => LOOK[this.shown.state] ?? "idle",
      mouth: () => this.player.mouth,
      margin: () => window.innerHeight - $("controls").getBoundingClientRect().top,
    });
    setInterval(
      () => this.facts.link === "gone" && this.#set({ seconds: (this.#retryAt - performance.now()) / 1000 }),
      COUNT,
    );
  }

  /** @param {string} url of the WebSocket */
  async start(url, avatar) {
    this.player = await Player.create(this.context, {
      phrase: (turn, text) => this.#phrase(turn, text),
      started: (turn, waited) => this.#started(turn, waited),
      played: (turn, seconds) => this.#send(message.played(turn, seconds)),
      // An echo at the very end of a turn may have looked like the person's voice.
      ended: () => this.#set({ speaking: false, held: false, hearing: false }),
    });
    this.socket = new Socket(url, {
      opened: () => this.#set({ link: "open", awake: false }),
      heard: (event) => this.#take(event),
      lost: (reason, seconds) => this.#lost(reason, seconds),
    });
    this.controls = bind(this);
    const [why] = await Promise.all([wear(this, avatar), new Customise(this).start()]);
    if (why) note($("notes"), "Drawn face", `The head cannot be shown here: ${why}.`, "Talking works all the same.");
  }

  get shown() {
    return show(this.facts, this.clone);
  }

  /** Typed words. @returns {boolean} whether they went out */
  say(text) {
    if (!this.facts.awake) return false;
    this.#spoken = false;
    this.#silence();
    this.#think();
    return this.#send(message.say(text));
  }

  /** The person wants silence: it does not wait for the server. */
  stop() {
    this.#silence();
    this.#send(message.stop());
    this.#set({ thinking: false });
  }

  /**
   * Nothing is sent to a clone that is still waking up: it could only become stale.
   * @returns {boolean} whether it went out
   */
  #send(frame) {
    return this.facts.awake && this.socket.send(frame);
  }

  #silence() {
    if (this.facts.speaking) this.captions.cut(this.turn);
    this.player.drop(this.turn);
    this.#set({ speaking: false, held: false });
  }

  #pushed(down) {
    if (down) this.#silence();
    this.#send(message.talk(down));
  }

  #listened() {
    const { listening, pressed, trouble } = this.talk;
    this.#set({ listening, pressed, trouble });
    if (trouble) note($("notes"), MIC_TITLE, trouble);
    else unnote($("notes"), MIC_TITLE);
  }

  #level(level) {
    $("talk").style.setProperty("--level", Math.min(1, 6 * level).toFixed(2));
    this.stage.face.hear(level);
  }

  #heard({ turn, text, final }) {
    const line = this.captions.heard(text, final);
    if (line) this.#asked = line;
    if (line && this.#spoken) this.corrections.offer(line, turn);
    if (final) this.stage.face.heard(text);
  }

  #ended() {
    this.#spoken = true;
    this.#think();
  }

  #phrase(turn, text) {
    this.captions.phrase(turn, text);
    this.stage.face.phrase(text);
  }

  #started(turn, waited) {
    this.latency.started(turn, waited);
    this.#set({ speaking: true, thinking: false });
  }

  #lost(reason, seconds) {
    this.#retryAt = performance.now() + 1000 * seconds;
    this.player.reset();
    this.captions.heard("", false);
    this.#set({ ...START, link: "gone", seconds, listening: this.talk.listening, trouble: this.talk.trouble });
    if (reason) note($("notes"), "The server closed the connection", reason);
  }

  /** @param {import("./wire.js").Event} event */
  #take(event) {
    const { type, turn } = event;
    this.turn = turn;
    const take = {
      Ready: () => this.#ready(event),
      SpeechStarted: () => this.#set({ hearing: true }),
      SpeechEnded: () => this.#ended(),
      Heard: () => this.#heard(event),
      Recalled: () => this.memories.show(this.#asked, event.memories),
      Forgotten: () => this.memories.forgotten(event.number),
      Corrected: () => this.corrections.kept(turn, event.text),
      Said: () => this.player.said(turn, event.text),
      Mouthed: () => this.player.mouthed(turn, event.visemes),
      Spoke: () => this.player.spoke(turn, event.rate, event.pcm),
      Held: () => this.#hold(),
      Resumed: () => this.#resume(),
      Interrupted: () => this.#interrupted(turn),
      Failed: () => this.#failed(event),
      Measured: () => this.latency.measured(turn, event.spans),
      Done: () => this.#done(turn),
    }[type];
    if (!take) throw new Error(`the server sent an event that this page does not know: ${type}`);
    take();
  }

  #ready({ clone, history }) {
    this.#answered = 0;
    this.latency.reset();
    this.#name(clone);
    this.captions.recall(history);
    this.corrections.reset();
    this.#set({ awake: true });
    this.#send(message.mic(this.context.sampleRate));
    this.#send(message.mode(this.talk.handsFree));
  }

  /** The clone says how it is called; until then the page knows the name of its folder. */
  #name(name) {
    this.captions.clone = name;
    $("name").textContent = name;
    $("stage").setAttribute("aria-label", `${name}'s face`);
    document.title = `${name} · digiclone`;
  }

  #hold() {
    this.player.hold();
    this.#set({ held: true });
  }

  #resume() {
    this.player.resume();
    this.#set({ held: false, hearing: false });
  }

  #interrupted(turn) {
    if (this.facts.speaking) this.captions.cut(turn);
    this.player.drop(turn);
    this.#set({ speaking: false, held: false, thinking: this.#thinks(turn) });
  }

  #failed({ turn, stage, error, hint }) {
    note($("notes"), `${stage} failed`, error, hint);
    this.#done(turn);
  }

  #done(turn) {
    this.player.done(turn);
    this.#set({ thinking: this.#thinks(turn) });
  }

  #think() {
    this.#answered = this.turn;
    this.#set({ hearing: false, thinking: true });
  }

  /** Whether the clone is still thinking, now that `turn` is over. */
  #thinks(turn) {
    return this.facts.thinking && turn <= this.#answered;
  }

  #set(change) {
    Object.assign(this.facts, change);
    const { state, text } = this.shown;
    document.body.dataset.state = state;
    if ($("status-text").textContent !== text) $("status-text").textContent = text;
    $("stop").disabled = !this.facts.speaking && !this.facts.thinking;
    this.controls?.show(this.talk);
  }
}

async function main() {
  hideToken();
  const context = new AudioContext({ latencyHint: "interactive" });
  wakeSound(context);
  const { clones, clone } = await choose((reason, seconds) => {
    document.body.dataset.state = "gone";
    $("status-text").textContent = `Trying again in ${Math.ceil(seconds)} s`;
    note($("notes"), "No clone", reason);
  });
  unnote($("notes"), "No clone");
  introduce(clones, clone);
  const page = new Page(clone, context);
  expose(page);
  await page.start(socketUrl(clone.name), clone.avatar);
}

/** The clone's name, and the others to choose from. */
function introduce(clones, clone) {
  $("name").textContent = clone.name;
  const several = clones.length > 1;
  $("clones").hidden = !several;
  $("name").classList.toggle("unseen", several);
  $("clone").append(...clones.map(({ name }) => new Option(name, name, false, name === clone.name)));
  $("clone").onchange = ({ target }) => location.assign(`?clone=${encodeURIComponent(target.value)}`);
}

await main();
