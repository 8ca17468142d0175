/** A drawn face for machines without WebGL: the same weights, fewer dimensions. */

const SKIN = "#c9a48e";
const SHADE = "#a9826d";
const DARK = "#2a1a1c";
const LIP = "#a85c5c";
const HAIR = "#33261f";

/** How far each viseme opens the jaw, rounds the lips (negative: spreads them), in [-1, 1]. */
const OPEN = { aa: 1, E: 0.6, I: 0.35, O: 0.75, U: 0.3, TH: 0.3, DD: 0.3, kk: 0.35, CH: 0.3, SS: 0.12, nn: 0.25, RR: 0.35, FF: 0.06 };
const ROUND = { O: 0.8, U: 1, RR: 0.4, CH: 0.5, E: -0.4, I: -0.6, SS: -0.4, aa: -0.1 };

export class Flat {
  /** Milliseconds between drawings at rest and in speech. */
  pace = { rest: 30, speech: 0 };
  #canvas = document.createElement("canvas");
  #pen = this.#canvas.getContext("2d");

  /** @param {HTMLElement} box  the face fills it */
  constructor(box) {
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
    const size = Math.min(width, 0.8 * height) / 2.6;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.translate(width / 2 + 300 * head.yaw * (size / 200), 0.44 * height + 250 * head.pitch * (size / 200));
    pen.rotate(head.roll);
    pen.scale(size, size);
    this.#skull();
    for (const side of [-1, 1]) this.#eye(side, weights);
    this.#mouth(weights);
  }

  #skull() {
    this.#blob(HAIR, 0, -0.16, 0.8, 0.92);
    this.#blob(SHADE, 0, 0.95, 0.3, 0.45);
    this.#blob(SKIN, 0, 0.05, 0.7, 0.88);
    this.#blob(HAIR, 0, -0.74, 0.56, 0.22);
    this.#line(SHADE, 0.03, [[0.02, 0], [0.07, 0.2], [-0.03, 0.22]]);
  }

  /** @param {number} side -1 is left in the picture: the face's right */
  #eye(side, weights) {
    const name = side < 0 ? "Right" : "Left";
    const [x, y] = [0.28 * side, -0.08];
    const out = weights[`eyeLookOut${name}`] - weights[`eyeLookIn${name}`];
    const up = weights[`eyeLookUp${name}`] - weights[`eyeLookDown${name}`];
    const open = 1 - weights[`eyeBlink${name}`];
    this.#blob("#f3efe9", x, y, 0.13, 0.085 * open + 0.004);
    if (open > 0.3) this.#blob(DARK, x + 0.06 * side * out, y - 0.04 * up, 0.055, Math.min(0.055, 0.085 * open));
    const brow = y - 0.2 - 0.12 * weights.browInnerUp;
    const knit = 0.06 * weights[`browDown${name}`];
    this.#line(HAIR, 0.045, [[x - 0.15 * side, brow + knit], [x, brow - 0.03], [x + 0.16 * side, brow + 0.02]]);
  }

  #mouth(weights) {
    let [open, round] = [0, 0];
    for (const [symbol, amount] of Object.entries(OPEN)) open += amount * weights[`viseme_${symbol}`];
    for (const [symbol, amount] of Object.entries(ROUND)) round += amount * weights[`viseme_${symbol}`];
    const wide = 0.24 - 0.11 * round + 0.05 * weights.mouthSmileLeft;
    const tall = 0.2 * open;
    this.#blob(LIP, 0, 0.46 + tall / 2, wide + 0.03, tall + 0.045);
    this.#blob(DARK, 0, 0.46 + tall / 2, wide - 0.03, Math.max(0.006, tall));
  }

  #blob(colour, x, y, rx, ry) {
    this.#pen.fillStyle = colour;
    this.#pen.beginPath();
    this.#pen.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
    this.#pen.fill();
  }

  #line(colour, width, [first, ...rest]) {
    this.#pen.strokeStyle = colour;
    this.#pen.lineWidth = width;
    this.#pen.lineCap = "round";
    this.#pen.beginPath();
    this.#pen.moveTo(...first);
    for (const point of rest) this.#pen.lineTo(...point);
    this.#pen.stroke();
  }
}
