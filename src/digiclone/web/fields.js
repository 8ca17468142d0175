/** The fields of a form: chips, swatches, sliders. Native inputs underneath, for keyboards and screen readers. */

/**
 * Makes an element.
 * @param {string} tag @param {object} properties @param {...(Node|string)} children
 */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/**
 * @typedef {object} Field
 * @property {HTMLElement} element
 * @property {(value: any) => void} show  without telling anybody
 */

/**
 * One of several, by name.
 * @param {string} name  of the group, unlike any other
 * @param {string} label
 * @param {{name: string, label: string}[]} options
 * @param {(value: string) => void} chosen
 * @returns {Field}
 */
export function chips(name, label, options, chosen) {
  const inputs = options.map((option) => radio(name, option.name, () => chosen(option.name)));
  const labels = inputs.map((input, i) => make("label", {}, input, make("span", { textContent: options[i].label })));
  return {
    element: group(label, make("div", { className: "chips" }, ...labels)),
    show: (value) => check(inputs, value),
  };
}

/**
 * A colour, or a picture made of colours: one of several, or any other colour.
 * @param {string} name  of the group, unlike any other
 * @param {string} label
 * @param {{name: string, colour: string, image?: string}[]} palette  what is chosen is the colour, which may be a name
 * @param {(colour: string) => void} chosen
 * @returns {Field}
 */
export function swatches(name, label, palette, chosen) {
  const inputs = palette.map(({ colour }) => radio(name, colour, () => chosen(colour)));
  const labels = inputs.map((input, i) => {
    const paint = make("span", { className: "paint" });
    paint.style.background = palette[i].image ?? palette[i].colour;
    const text = make("span", { className: "unseen", textContent: palette[i].name });
    return make("label", { title: palette[i].name }, input, paint, text);
  });
  const other = make("input", { type: "color", ariaLabel: `${label}: another colour`, title: "Another colour" });
  other.oninput = () => {
    check(inputs, other.value);
    own.classList.toggle("chosen", !inputs.some(({ checked }) => checked));
    chosen(other.value);
  };
  const own = make("span", { className: "own" }, other);
  return {
    element: group(label, make("div", { className: "swatches" }, ...labels, own)),
    show: (value) => {
      const known = check(inputs, value);
      own.classList.toggle("chosen", !known);
      if (value.startsWith("#")) other.value = value;
    },
  };
}

/**
 * A number.
 * @param {string} label
 * @param {{low: number, high: number, step: number, usual: number, say: (value: number) => string}} range  `usual` is
 *   where the thumb rests while there is no value
 * @param {(value: number) => void} chosen
 * @returns {Field}
 */
export function slider(label, { low, high, step, usual, say }, chosen) {
  const input = make("input", { type: "range", min: low, max: high, step });
  // What it says is the value's text: it must not be part of the name too.
  const output = make("output", { ariaHidden: "true" });
  const show = (value) => {
    input.value = value ?? usual;
    const text = value === null ? "as it is" : say(Number(input.value));
    input.setAttribute("aria-valuetext", text);
    output.textContent = text;
  };
  input.oninput = () => {
    show(Number(input.value));
    chosen(Number(input.value));
  };
  return { element: make("label", { className: "slider" }, make("span", { textContent: label }), input, output), show };
}

function radio(name, value, chosen) {
  const input = make("input", { type: "radio", name, value });
  input.onchange = chosen;
  return input;
}

function check(inputs, value) {
  for (const input of inputs) input.checked = input.value === value;
  return inputs.some(({ checked }) => checked);
}

function group(label, content) {
  return make("fieldset", {}, make("legend", { textContent: label }), content);
}
