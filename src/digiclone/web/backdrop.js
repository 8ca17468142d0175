/** What is behind the clone: one of a few backdrops, or a colour. */

/** From the middle to the edge. */
const glow = (inner, middle, outer) =>
  `radial-gradient(ellipse 90% 75% at 50% 38%, ${inner} 0%, ${middle} 52%, ${outer} 100%)`;
const fall = (...colours) => `linear-gradient(175deg, ${colours.join(", ")})`;

/** By name: what it is called, and how it is painted. */
export const BACKDROPS = {
  studio: ["Studio", glow("#2c3846", "#19212b", "#0e1218")],
  night: ["Night", glow("#171c26", "#0c0f15", "#06080b")],
  dusk: ["Dusk", fall("#2b2350", "#6d3d6b 46%", "#b8695f 82%")],
  forest: ["Forest", glow("#3d5a49", "#22382f", "#101b17")],
  ocean: ["Ocean", glow("#2f6b7c", "#1a4253", "#0b2029")],
  ember: ["Ember", glow("#7a4433", "#45231f", "#1d0f10")],
  dawn: ["Dawn", fall("#6f8fb5", "#c4b3bd 55%", "#eac7ad")],
  paper: ["Paper", glow("#f1eee8", "#dbd6cd", "#b5afa4")],
};
const PLAIN = /^#[0-9a-f]{6}$/i;
/** Relative luminance from which dark surfaces, not the page's light text, must carry words. */
const BRIGHT = 0.13;

/** @param {string} name of a backdrop, or a colour; anything else is the studio @returns {string} a CSS image */
export function painted(name) {
  return PLAIN.test(name) ? `linear-gradient(${name}, ${name})` : (BACKDROPS[name] ?? BACKDROPS.studio)[1];
}

/** Relative luminance of a colour such as `#8090a0`, in [0, 1], as WCAG has it. */
export function luminance(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => linear(Number.parseInt(colour.slice(i, i + 2), 16) / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Linear light of a channel in sRGB, both in [0, 1]. */
export const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);

/** Hangs it behind the stage. @param {string} name */
export function hang(name) {
  const image = painted(name);
  document.body.style.setProperty("--backdrop", image);
  const lightest = Math.max(...image.match(/#[0-9a-f]{6}/gi).map(luminance));
  document.body.classList.toggle("bright", lightest > BRIGHT);
}
