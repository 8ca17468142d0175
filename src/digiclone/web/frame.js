/**
 * Where the face of an avatar is, which way it looks and how big it is: found in what its shapes move, since names,
 * units and axes differ from file to file.
 */

import { Box3, Vector3 } from "./vendor/three.module.js";

/** Our shapes that tell where lips and eyes are, best first; what opens the jaw moves mostly the chin. */
const LIPS = ["mouthPucker", "mouthFunnel", "viseme_U", "viseme_O"];
const JAW = ["viseme_aa", "jawOpen"];
const LIDS = ["eyeBlinkLeft", "eyeBlinkRight"];
const GAZE = ["eyeLookUpLeft", "eyeLookUpRight"];
/** From chin to eyes is so much more than from lips to eyes. */
const CHIN = 1.4;
/** Metres from lips to eyes, and what a cartoon or a child may have; beyond, the unit is not the metre. */
const USUAL = 0.07;
const SANE = [0.025, 0.35];
/** Looked at in each mesh, at most: enough for a box. */
const POINTS = 20_000;
/** Part of a shape's largest offset from which a point counts as moved. */
const MOVED = 0.3;

/**
 * @typedef {object} Face  in the world as it is
 * @property {Vector3} mouth
 * @property {Vector3} eyes  between them
 * @property {Vector3} middle  of the skull
 * @property {number} crown  height
 * @property {number} span  from mouth to eyes
 */

/**
 * @param {import("./vendor/three.module.js").Mesh[]} meshes  all that can be seen, with up-to-date world matrices
 * @param {(ours: string) => {mesh: import("./vendor/three.module.js").Mesh, index: number}[]} moved  by a shape of ours
 * @param {Record<string, import("./vendor/three.module.js").Object3D>} bones
 * @returns {Face}
 */
export function find(meshes, moved, bones) {
  const all = new Box3();
  for (const mesh of meshes) for (const point of points(mesh)) all.expandByPoint(point);
  const lips = centre(LIPS, moved);
  const chin = lips ? null : centre(JAW, moved);
  const eyes = centre(LIDS, moved) ?? between(bones.leftEye, bones.rightEye) ?? centre(GAZE, moved);
  const mouth = lips ?? (chin && eyes ? eyes.clone().lerp(chin, 1 / CHIN) : chin);
  // Without either, a face is where faces are: at the top of a figure.
  const top = mouth ?? (eyes ? eyes.clone() : guess(all, bones.head));
  const span = mouth && eyes ? Math.max(1e-6, eyes.y - mouth.y) : Math.max(1e-6, 0.35 * (all.max.y - top.y));
  const skull = skullAbove(meshes, top, span);
  return {
    mouth: top,
    eyes: eyes ?? top.clone().setY(top.y + span),
    middle: skull.getCenter(new Vector3()),
    crown: skull.isEmpty() ? top.y + 2 * span : skull.max.y,
    span,
  };
}

/** Radians by which the avatar must be turned to face +Z: quarters of a turn. @param {Face} face */
export function facing({ mouth, eyes, middle, span }) {
  const ahead = mouth.clone().add(eyes).divideScalar(2).sub(middle);
  if (Math.hypot(ahead.x, ahead.z) < 0.3 * span) return 0;
  return (-Math.PI / 2) * Math.round(Math.atan2(ahead.x, ahead.z) / (Math.PI / 2));
}

/** Metres per unit of the avatar. @param {Face} face */
export function scale({ span }) {
  return span >= SANE[0] && span <= SANE[1] ? 1 : USUAL / span;
}

/** World positions of a mesh at rest, or of enough of them. */
function* points(mesh) {
  const count = mesh.geometry.attributes.position.count;
  const step = Math.max(1, Math.ceil(count / POINTS));
  for (let i = 0; i < count; i += step) {
    const point = mesh.getVertexPosition(i, new Vector3()).applyMatrix4(mesh.matrixWorld);
    if (Number.isFinite(point.x + point.y + point.z)) yield point;
  }
}

/** The middle of what the first of these shapes of ours moves, together with its other half. */
function centre(shapes, moved) {
  const found = shapes.map(moved).filter((places) => places.length);
  if (!found.length) return null;
  const paired = shapes[0].endsWith("Left") ? found.flat() : found[0];
  const sum = new Vector3();
  let total = 0;
  const offset = new Vector3();
  for (const { mesh, index } of paired) {
    const morph = mesh.geometry.morphAttributes.position?.[index];
    if (!morph) continue;
    const sizes = Array.from({ length: morph.count }, (_, i) => offset.fromBufferAttribute(morph, i).length());
    const most = sizes.reduce((a, b) => Math.max(a, b), 0);
    if (!most) continue;
    sizes.forEach((size, i) => {
      if (size < MOVED * most) return;
      const point = mesh.getVertexPosition(i, new Vector3()).applyMatrix4(mesh.matrixWorld);
      sum.addScaledVector(point, size);
      total += size;
    });
  }
  return total > 0 ? sum.divideScalar(total) : null;
}

function between(left, right) {
  if (!left || !right) return null;
  return left
    .getWorldPosition(new Vector3())
    .add(right.getWorldPosition(new Vector3()))
    .divideScalar(2);
}

function guess(all, head) {
  const middle = all.isEmpty() ? new Vector3() : all.getCenter(new Vector3());
  if (head) return head.getWorldPosition(middle);
  return middle.setY(all.isEmpty() ? 0 : all.max.y - 0.11 * (all.max.y - all.min.y));
}

/** All that is above the mouth and near it: skull, hair, hats of a decent height. */
function skullAbove(meshes, mouth, span) {
  const skull = new Box3();
  for (const mesh of meshes)
    for (const point of points(mesh)) {
      const aside = Math.hypot(point.x - mouth.x, point.z - mouth.z);
      if (point.y >= mouth.y && point.y < mouth.y + 4.5 * span && aside < 3.5 * span) skull.expandByPoint(point);
    }
  return skull;
}
