/**
 * Our weights to those of an avatar that somebody else made. Which of its shapes make which of ours is looked up once;
 * a picture costs one pass over two short lists. Pure.
 */

/**
 * @typedef {Record<string, Record<string, number>>} Mapping  ours -> theirs -> gain
 * @typedef {Record<string, [number, number, number][]>} Targets  theirs -> [mesh, morph target, weight], …
 * @typedef {Map<number, ArrayLike<number>[]>} Meshes  mesh -> the weights of each of its parts, to be written
 */

const clamp = (x) => Math.min(1, Math.max(-1, x));

/**
 * Ours move their namesakes: the mapping of a head of our own.
 * @param {Map<number, Record<string, number>>} names  mesh -> name -> morph target
 * @returns {{mapping: Mapping, targets: Targets}}
 */
export function namesakes(names) {
  const targets = {};
  for (const [mesh, dictionary] of names)
    for (const [name, target] of Object.entries(dictionary)) (targets[name] ??= []).push([mesh, target, 1]);
  return { mapping: Object.fromEntries(Object.keys(targets).map((name) => [name, { [name]: 1 }])), targets };
}

export class Moves {
  /** Which slots each of ours adds to, and how much. @type {{ours: string, slots: number[], gains: number[]}[]} */
  #rows = [];
  /** Where each slot is written. @type {{into: ArrayLike<number>, index: number}[][]} */
  #slots = [];
  #names = [];
  #sums;

  /** @param {Mapping} mapping @param {Targets} targets @param {Meshes} meshes */
  constructor(mapping, targets, meshes) {
    const known = new Map();
    for (const [ours, sources] of Object.entries(mapping)) {
      const added = new Map();
      for (const [theirs, gain] of Object.entries(sources)) {
        for (const [mesh, target, weight] of targets[theirs] ?? []) {
          const key = `${mesh} ${target}`;
          if (!known.has(key)) known.set(key, this.#slot(theirs, meshes.get(mesh) ?? [], target));
          const slot = known.get(key);
          added.set(slot, (added.get(slot) ?? 0) + gain * weight);
        }
      }
      if (added.size) this.#rows.push({ ours, slots: [...added.keys()], gains: [...added.values()] });
    }
    this.#sums = new Float32Array(this.#slots.length);
  }

  #slot(name, parts, index) {
    this.#names.push(name);
    return this.#slots.push(parts.filter((into) => index < into.length).map((into) => ({ into, index }))) - 1;
  }

  /** Whether anything moves for this shape of ours. @param {string} ours */
  has(ours) {
    return this.#rows.some((row) => row.ours === ours);
  }

  /** The shapes that the last picture had, by the avatar's names. @returns {Record<string, number>} */
  get last() {
    return Object.fromEntries(this.#names.map((name, slot) => [name, clamp(this.#sums[slot])]));
  }

  /** Moves the avatar. @param {Record<string, number>} weights  of ours, in [0, 1] */
  apply(weights) {
    const sums = this.#sums;
    sums.fill(0);
    for (const { ours, slots, gains } of this.#rows) {
      const weight = weights[ours];
      if (!weight) continue;
      for (let i = 0; i < slots.length; i++) sums[slots[i]] += weight * gains[i];
    }
    for (let slot = 0; slot < sums.length; slot++)
      for (const { into, index } of this.#slots[slot]) into[index] = clamp(sums[slot]);
  }
}
