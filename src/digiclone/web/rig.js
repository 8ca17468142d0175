/** The bones of an avatar: neck, head, eyes and arms, turned about the axes of the avatar however they lie at rest. */

import { Euler, Quaternion, Vector3 } from "./vendor/three.module.js";

/** The neck's part of a turn of the head. */
const NECK = 0.4;
/** Radians that eyes turn for a look of 1: sideways, and up or down. Painted eyes turn less: they are flat. */
const REACH = { round: [0.42, 0.32], painted: [0.16, 0.12] };
/** An upper arm that points less steeply down than this is held out to be dressed, and is let down. */
const HANGING = -0.8;
/** Where it hangs: a little away from the body. */
const HANG = [0.24, -0.97];

export class Rig {
  /** By name: the bone, how it rests, and how its parent does in the world. */
  #bones = {};
  #reach;
  #turn = new Quaternion();
  #part = new Quaternion();
  #angles = new Euler(0, 0, 0, "YXZ");

  /**
   * @param {Record<string, import("./vendor/three.module.js").Object3D>} bones  by the names of VRM, as they are at
   *   rest, in a world in which the avatar faces +Z
   * @param {boolean} painted  its eyes are flat
   */
  constructor(bones, painted) {
    this.#reach = painted ? REACH.painted : REACH.round;
    for (const [name, bone] of Object.entries(bones))
      this.#bones[name] = {
        bone,
        rest: bone.quaternion.clone(),
        parent: bone.parent.getWorldQuaternion(new Quaternion()),
      };
    for (const side of ["left", "right"]) this.#lower(side);
  }

  /** Can it turn its head? */
  get head() {
    return "head" in this.#bones;
  }

  /** Can it turn its eyes? */
  get eyes() {
    return "leftEye" in this.#bones && "rightEye" in this.#bones;
  }

  /** @param {import("./face.js").Pose["head"]} head */
  turn({ pitch, yaw, roll }) {
    this.#angles.set(pitch, yaw, -roll);
    this.#turn.setFromEuler(this.#angles);
    const neck = "neck" in this.#bones ? NECK : 0;
    if (neck) this.#set("neck", this.#part.identity().slerp(this.#turn, neck));
    this.#set("head", this.#part.identity().slerp(this.#turn, 1 - neck));
  }

  /** @param {Record<string, number>} weights  of our eyeLook shapes */
  look(weights) {
    const [aside, upward] = this.#reach;
    for (const [side, sign] of [
      ["Left", 1],
      ["Right", -1],
    ]) {
      const out = (weights[`eyeLookOut${side}`] ?? 0) - (weights[`eyeLookIn${side}`] ?? 0);
      const up = (weights[`eyeLookUp${side}`] ?? 0) - (weights[`eyeLookDown${side}`] ?? 0);
      this.#angles.set(-upward * up, sign * aside * out, 0);
      this.#set(`${side.toLowerCase()}Eye`, this.#turn.setFromEuler(this.#angles));
    }
  }

  /** Turns a bone from its rest about the avatar's axes. */
  #set(name, turn) {
    const { bone, rest, parent } = this.#bones[name];
    bone.quaternion.copy(parent).invert().multiply(turn).multiply(parent).multiply(rest);
  }

  #lower(side) {
    const upper = this.#bones[`${side}UpperArm`];
    const lower = this.#bones[`${side}LowerArm`];
    if (!upper || !lower) return;
    const from = upper.bone.getWorldPosition(new Vector3());
    const along = lower.bone.getWorldPosition(new Vector3()).sub(from).normalize();
    if (!along.length() || along.y < HANGING) return;
    const down = new Vector3(Math.sign(along.x) * HANG[0], HANG[1], 0).normalize();
    this.#set(`${side}UpperArm`, this.#turn.setFromUnitVectors(along, down));
  }
}
