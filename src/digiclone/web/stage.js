/** The face in the view: the head if the machine can draw it, else the drawn face; and the loop that keeps it alive. */

import { Face } from "./face.js";
import { Flat } from "./flat.js";
import { graphics } from "./graphics.js";

/** Milliseconds between two calls of the loop above which the machine cannot keep up with the picture. */
const SLOW = 40;
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

  /** A phrase begins to be heard. */
  emphasise() {
    this.#face.emphasise();
  }

  /**
   * Shows the head at `url`.
   * @returns {Promise<string>} empty, or why a drawing is shown instead
   */
  async enter(url) {
    try {
      if (!graphics()) throw new Error("this browser has no WebGL 2");
      const { Avatar } = await import("./avatar.js");
      this.#actor = await Avatar.load(this.#box, url, this.#scene.margin);
      return "";
    } catch (error) {
      this.#actor = new Flat(this.#box, this.#scene.margin);
      return error.message;
    }
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
