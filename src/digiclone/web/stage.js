/** The face in the view: the head if the machine can draw it, else the drawn face; and the loop that keeps it alive. */

import { Face, MORPHS } from "./face.js";
import { Flat } from "./flat.js";
import { graphics } from "./graphics.js";

/** Milliseconds between two calls of the loop above which the machine cannot keep up with the picture. */
const SLOW = 40;
/** All weights at rest. */
const STILL = Object.fromEntries(MORPHS.map((name) => [name, 0]));
/** A longer pause is none of the picture's doing: the tab was hidden. */
const PAUSE = 500;

/**
 * @typedef {object} Scene  what the stage must know for each picture
 * @property {() => string} state  one of the looks of `Face`
 * @property {() => {visemes: import("./wire.js").Mark[], seconds: number, sounding: boolean}} mouth
 * @property {() => number} margin  CSS pixels at the bottom that the controls cover
 */

/**
 * @typedef {object} Actor  what can be a face
 * @property {(pose: import("./face.js").Pose) => void} draw
 * @property {() => void} ease  the machine cannot keep up: draw less
 * @property {() => void} leave  goes away
 * @property {{rest: number, speech: number}} pace  milliseconds between drawings
 */

export class Stage {
  #box;
  #scene;
  #face = new Face({ calm: matchMedia("(prefers-reduced-motion: reduce)").matches });
  /** @type {Actor|null} */
  #actor = null;
  #drawn = 0;
  #ticked = 0;
  /** Milliseconds between two calls of the loop, averaged over about half a second. */
  #beat = 16;
  /** @type {import("./face.js").Pose|null} */
  #pose = null;
  /** Weights that somebody wants to see, in place of the face's own. @type {Record<string, number>|null} */
  #tried = null;
  #view = { turn: 0 };
  /** The head that was asked for last: one that comes late does not take its place. */
  #entering = {};

  /** @param {HTMLElement} box @param {Scene} scene */
  constructor(box, scene) {
    this.#box = box;
    this.#scene = scene;
    requestAnimationFrame((time) => this.#step(time));
  }

  /** Morph weights as last drawn. @returns {Record<string, number>} */
  get weights() {
    return { ...this.#pose?.weights };
  }

  /** "head", "drawing", or "" while there is no face yet. */
  get kind() {
    if (!this.#actor) return "";
    return this.#actor instanceof Flat ? "drawing" : "head";
  }

  /** What the face makes of what is said and heard. */
  get face() {
    return this.#face;
  }

  /** An avatar's own shapes as last drawn. @returns {Record<string, number>} */
  get moves() {
    return this.#actor?.moves ?? {};
  }

  /**
   * Shows the head at `url` in place of the one there is.
   * @param {import("./avatar.js").About|null} about  null: a head of our own
   * @returns {Promise<string>} empty, or why it is not shown: then the one there is stays, or a drawing comes
   */
  async enter(url, about = null) {
    try {
      if (!graphics()) throw new Error("this browser has no WebGL 2");
      const { Avatar } = await import("./avatar.js");
      const ticket = (this.#entering = {});
      const avatar = await Avatar.load(this.#box, url, this.#scene.margin, about);
      if (ticket === this.#entering) this.#change(avatar);
      else avatar.leave();
      return "";
    } catch (error) {
      if (!this.#actor) this.#change(new Flat(this.#box, this.#scene.margin));
      return error.message;
    }
  }

  /** Poses the avatar so, until told `null`. @param {Record<string, number>|null} weights */
  try(weights) {
    this.#tried = weights;
    this.#drawn = 0;
  }

  /** Lets other shapes of the avatar make ours. @param {import("./moves.js").Mapping} mapping */
  remap(mapping) {
    this.#actor?.remap?.(mapping);
    this.#drawn = 0;
  }

  /** Sets the camera, for this head and those that come. @param {Partial<import("./avatar.js").View>} view */
  set view(view) {
    Object.assign(this.#view, view);
    // A head that is turned to its left has the person on its right.
    this.#face.viewer = { x: (-this.#view.turn * Math.PI) / 180, y: 0 };
    if (this.#actor) this.#actor.view = this.#view;
    this.#drawn = 0;
  }

  /** Colours parts of the head, until another comes. @param {Record<string, number[]>} factors  see `Avatar.tint` */
  tint(factors) {
    this.#actor?.tint?.(factors);
    this.#drawn = 0;
  }

  #change(actor) {
    const before = this.#actor;
    this.#actor = actor;
    actor.view = this.#view;
    if (!before) return;
    // One head takes the place of another in mid-sentence: no fading, and in the same pose.
    actor.canvas?.classList.add("instead");
    if (this.#pose) actor.draw(this.#pose);
    before.leave();
  }

  /** The browser calls this only while the tab is visible, so that a hidden tab draws nothing. */
  #step(time) {
    requestAnimationFrame((next) => this.#step(next));
    if (!this.#actor) return;
    this.#watch(time);
    const mouth = this.#scene.mouth();
    const pace = mouth.sounding ? this.#actor.pace.speech : this.#actor.pace.rest;
    if (time - this.#drawn < pace) return;
    this.#drawn = time;
    this.#pose = this.#face.pose(time / 1000, this.#scene.state(), mouth);
    if (this.#tried) this.#pose.weights = { ...STILL, ...this.#tried };
    this.#actor.draw(this.#pose);
  }

  #watch(time) {
    const took = time - this.#ticked;
    this.#ticked = time;
    if (took < PAUSE) this.#beat += 0.04 * (took - this.#beat);
    if (this.#beat < SLOW) return;
    this.#actor.ease();
    this.#beat = 16;
  }
}
