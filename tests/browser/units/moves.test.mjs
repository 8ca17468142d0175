import assert from "node:assert/strict";
import { test } from "node:test";
import { Moves, namesakes } from "../../../src/digiclone/web/moves.js";

const parts = (...sizes) => new Map(sizes.map((size, mesh) => [mesh, [new Array(size).fill(0)]]));
const close = (actual, wanted) => assert.ok(Math.abs(actual - wanted) < 1e-6, `${actual} is not ${wanted}`);

test("ours move theirs by their gains, on every mesh that has them", () => {
  const meshes = parts(2, 3);
  const targets = { open: [[0, 1, 1], [1, 2, 1]], pucker: [[0, 0, 1]] };
  const moves = new Moves({ viseme_O: { open: 0.5, pucker: 1 } }, targets, meshes);
  moves.apply({ viseme_O: 0.6 });
  close(meshes.get(0)[0][0], 0.6);
  close(meshes.get(0)[0][1], 0.3);
  close(meshes.get(1)[0][2], 0.3);
  assert.equal(meshes.get(1)[0][0], 0);
});

test("what several of ours move adds up, and never beyond 1", () => {
  const meshes = parts(1);
  const moves = new Moves({ a: { open: 0.7 }, b: { open: 0.8 }, c: { open: -2 } }, { open: [[0, 0, 1]] }, meshes);
  moves.apply({ a: 1, b: 0.25 });
  close(meshes.get(0)[0][0], 0.9);
  moves.apply({ a: 1, b: 1 });
  assert.equal(meshes.get(0)[0][0], 1);
  moves.apply({ c: 1 });
  assert.equal(meshes.get(0)[0][0], -1);
  moves.apply({});
  assert.equal(meshes.get(0)[0][0], 0, "and what nothing moves rests");
});

test("an expression moves several shapes, each as far as its author said", () => {
  const meshes = parts(3);
  const moves = new Moves({ viseme_aa: { aa: 0.5 } }, { aa: [[0, 0, 1], [0, 2, 0.4]] }, meshes);
  moves.apply({ viseme_aa: 1 });
  close(meshes.get(0)[0][0], 0.5);
  close(meshes.get(0)[0][2], 0.2);
});

test("a mesh of several parts moves as one", () => {
  const meshes = new Map([[3, [[0], [0]]]]);
  new Moves({ jawOpen: { jaw: 1 } }, { jaw: [[3, 0, 1]] }, meshes).apply({ jawOpen: 0.5 });
  assert.deepEqual(meshes.get(3), [[0.5], [0.5]]);
});

test("what is not there is passed over", () => {
  const meshes = parts(1);
  const mapping = { jawOpen: { gone: 1, far: 1, jaw: 1 }, eyeBlinkLeft: {} };
  const moves = new Moves(mapping, { far: [[9, 0, 1], [0, 9, 1]], jaw: [[0, 0, 1]] }, meshes);
  moves.apply({ jawOpen: 1, unheard: 1 });
  assert.deepEqual([...meshes.get(0)[0]], [1]);
  assert.ok(moves.has("jawOpen") && !moves.has("eyeBlinkLeft"));
  assert.equal(moves.last.jaw, 1);
});

test("a head of our own is moved by name", () => {
  const { mapping, targets } = namesakes(new Map([[0, { jawOpen: 1 }], [4, { jawOpen: 0, viseme_aa: 1 }]]));
  assert.deepEqual(mapping, { jawOpen: { jawOpen: 1 }, viseme_aa: { viseme_aa: 1 } });
  assert.deepEqual(targets.jawOpen, [[0, 1, 1], [4, 0, 1]]);
});

test("each shape is written once for each picture, however many of ours move it", () => {
  const ours = Array.from({ length: 66 }, (_, i) => `o${i}`);
  const targets = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`t${i}`, [[0, i, 1], [1, i, 1]]]));
  const mapping = Object.fromEntries(ours.map((name, i) => [name, { [`t${i % 60}`]: 1, [`t${(7 * i) % 60}`]: 0.5 }]));
  let writes = 0;
  const counted = () => new Proxy(new Array(60).fill(0), { set: (array, i, v) => ((array[i] = v), ++writes > 0) });
  const moves = new Moves(mapping, targets, new Map([[0, [counted()]], [1, [counted()]]]));
  moves.apply(Object.fromEntries(ours.map((name) => [name, 0.5])));
  assert.equal(writes, 120);
});
