/** A drawn face for machines without WebGL: the same weights, fewer dimensions. */

const SKIN = ["#42566d", "#2a394a"];
const LIGHT = "#e8f0f8";
const LINE = "#9fb4c9";
const DARK = "#121a24";

/** How far each viseme opens the jaw, in [0, 1]; and rounds the lips (negative: spreads them), in [-1, 1]. */
const OPEN = {
  aa: 1,
  E: 0.6,
  I: 0.35,
  O: 0.75,
  U: 0.3,
  TH: 0.3,
  DD: 0.3,
  kk: 0.35,
  CH: 0.3,
  SS: 0.12,
  nn: 0.25,
  RR: 0.35,
  FF: 0.06,
};
const ROUND = { O: 0.8, U: 1, RR: 0.4, CH: 0.5, E: -0.4, I: -0.6, SS: -0.4, aa: -0.1 };

export class Flat {
  /** Milliseconds between drawings at rest and in speech. */
  pace = { rest: 30, speech: 0 };
  #canvas = document.createElement("canvas");
  #pen = this.#canvas.getContext("2d");
  #margin;

  /**
   * @param {HTMLElement} box  the face fills it
   * @param {() => number} margin  CSS pixels at its bottom that are covered
   */
  constructor(box, margin) {
    this.#margin = margin;
    this.#canvas.className = "shown";
    box.append(this.#canvas);
  }

  /** @param {import("./face.js").Pose} pose */
  draw({ weights, head }) {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const ratio = Math.min(2, window.devicePixelRatio);
    if (this.#canvas.width !== Math.round(width * ratio)) this.#canvas.width = Math.round(width * ratio);
    if (this.#canvas.height !== Math.round(height * ratio)) this.#canvas.height = Math.round(height * ratio);
    const pen = this.#pen;
    const free = height - Math.min(0.6 * height, this.#margin());
    // The face is 1.5 wide and 2 high, in units of `size`.
    const size = Math.min(width / 2.1, free / 2.9);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.translate(width / 2 + 1.5 * size * head.yaw, 0.53 * free + size * (head.pitch - 5 * head.rise));
    pen.rotate(head.roll);
    pen.scale(size, size);
    this.#skull();
    for (const side of [-1, 1]) this.#eye(side, weights);
    this.#mouth(weights);
  }

  leave() {
    this.#canvas.remove();
  }

  /** Draws less often. */
  ease() {
    this.pace = { rest: 100, speech: 50 };
  }

  #skull() {
    const fill = this.#pen.createLinearGradient(0, -1, 0, 1);
    SKIN.forEach((colour, i) => fill.addColorStop(i, colour));
    this.#pen.fillStyle = fill;
    this.#pen.beginPath();
    this.#pen.roundRect(-0.75, -1, 1.5, 2, 0.74);
    this.#pen.fill();
  }

  /** @param {number} side -1 is left in the picture: the face's right */
  #eye(side, weights) {
    const name = side < 0 ? "Right" : "Left";
    const out = weights[`eyeLookOut${name}`] - weights[`eyeLookIn${name}`];
    const up = weights[`eyeLookUp${name}`] - weights[`eyeLookDown${name}`];
    const x = side * (0.29 + 0.12 * out);
    const y = -0.14 - 0.12 * up;
    const open = (1 - weights[`eyeBlink${name}`]) * (1 - 0.5 * weights[`eyeSquint${name}`]);
    this.#blob(LIGHT, x, y, 0.075, 0.012 + 0.095 * open);
    const brow = -0.4 - 0.14 * weights.browInnerUp;
    const knit = 0.1 * weights[`browDown${name}`];
    this.#curve([side * 0.17, brow + knit], [side * 0.29, brow - 0.07], [side * 0.44, brow + 0.02]);
  }

  #mouth(weights) {
    const blend = (table) =>
      Object.entries(table).reduce((sum, [symbol, amount]) => sum + amount * weights[`viseme_${symbol}`], 0);
    const wide = 0.23 - 0.12 * blend(ROUND) + 0.08 * weights.mouthSmileLeft;
    const tall = 0.26 * blend(OPEN);
    const smile = 0.25 * weights.mouthSmileLeft;
    const corner = 0.46 - smile / 2;
    const pen = this.#pen;
    pen.beginPath();
    pen.moveTo(-wide, corner);
    pen.quadraticCurveTo(0, 0.46 + smile - tall, wide, corner);
    pen.quadraticCurveTo(0, 0.46 + smile + 3 * tall, -wide, corner);
    pen.fillStyle = DARK;
    pen.fill();
    this.#stroke();
  }

  #blob(colour, x, y, rx, ry) {
    this.#pen.fillStyle = colour;
    this.#pen.beginPath();
    this.#pen.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
    this.#pen.fill();
  }

  #curve(from, by, to) {
    this.#pen.beginPath();
    this.#pen.moveTo(...from);
    this.#pen.quadraticCurveTo(...by, ...to);
    this.#stroke();
  }

  #stroke() {
    Object.assign(this.#pen, { strokeStyle: LINE, lineWidth: 0.035, lineCap: "round", lineJoin: "round" });
    this.#pen.stroke();
  }
}
