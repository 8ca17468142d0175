/** The head in three dimensions: loads it, lights it, frames it, draws a pose. Our own heads, and any other. */

import {
  DirectionalLight,
  Group,
  HemisphereLight,
  Matrix4,
  PerspectiveCamera,
  Scene,
  SRGBColorSpace,
  Vector3,
  WebGLRenderer,
} from "./vendor/three.module.js";
import { foreign, hinge, own } from "./dress.js";
import { facing, find, scale } from "./frame.js";
import { graphics } from "./graphics.js";
import { Moves, namesakes } from "./moves.js";
import { Rig } from "./rig.js";
import { GLTFLoader } from "./vendor/GLTFLoader.js";
import { MeshoptDecoder } from "./vendor/meshopt_decoder.module.js";

/** Metres of height and width that the free part of the view shows at least: head and shoulders. */
const TALL = 0.36;
const WIDE = 0.25;
/** Metres that the middle of the view lies below the crown. */
const BELOW = 0.12;
/** Metres from the mouth to the crown of a head that these fit; larger heads are seen from further away. */
const HEAD = 0.185;
const HEADS = [0.75, 2.5];
/** Half the height over which a neck without bones bends, in metres. */
const BEND = 0.06;
/** Pixels per CSS pixel, from fine to coarse; a slow machine steps down. */
const SCALES = [2, 1.5, 1, 0.7];
const DEGREE = Math.PI / 180;
/** Who wrote the file of one of our heads. */
const OURS = "digiclone";

/**
 * @typedef {object} About  what the server knows of an avatar
 * @property {boolean} own  one of our heads
 * @property {import("./moves.js").Mapping} mapping
 * @property {import("./moves.js").Targets} targets
 * @property {Record<string, number>} bones  node by name
 * @property {boolean} backward  it is known to look toward -Z
 * @property {boolean} plain  it is drawn without light
 */

/**
 * @typedef {object} View
 * @property {number} distance  as a factor
 * @property {number} height  metres that the camera looks higher
 * @property {number} turn  degrees that the avatar is turned to its left
 * @property {number} field  vertical angle in degrees: long lenses flatter
 */

export class Avatar {
  /** @type {HTMLCanvasElement} */
  canvas;
  #renderer;
  #scene = new Scene();
  /** What the view turns, and breath lifts. */
  #pivot = new Group();
  #camera = new PerspectiveCamera();
  /** @type {View} */
  #view = { distance: 1, height: 0, turn: 0, field: 20 };
  /** @type {Map<number, import("./vendor/three.module.js").Mesh[]>} */
  #morphed = new Map();
  #about;
  /** @type {Moves} */
  #moves;
  /** @type {Rig} */
  #rig;
  #neck = new Vector3();
  #uniforms = { bend: { value: new Matrix4() }, neck: { value: new Vector3() }, neckWidth: { value: BEND } };
  #turned = new Matrix4();
  #centre = new Vector3();
  #size = 1;
  #scale;
  #margin;
  #observer = new ResizeObserver(() => this.canvas.isConnected && this.#resize());

  /**
   * @param {HTMLElement} box  the avatar fills it
   * @param {string} url  of a GLB file with morph targets
   * @param {() => number} margin  CSS pixels at the bottom of the box that something else covers
   * @param {About|null} about  null: a head of our own, without bones
   * @throws {Error} if there is no WebGL, or no such head
   */
  static async load(box, url, margin, about = null) {
    const avatar = new Avatar(margin, about);
    try {
      const loader = new GLTFLoader().setMeshoptDecoder(MeshoptDecoder);
      avatar.#take(await loader.loadAsync(url));
      box.append(avatar.canvas);
      avatar.#resize();
      // Shaders are compiled and textures sent before the head is shown: the first frame would take half a second.
      await avatar.#renderer.compileAsync(avatar.#scene, avatar.#camera);
      avatar.#renderer.render(avatar.#scene, avatar.#camera);
    } catch (error) {
      avatar.leave();
      throw error;
    }
    avatar.canvas.classList.add("shown");
    return avatar;
  }

  constructor(margin, about) {
    this.#margin = margin;
    this.#about = about;
    this.canvas = document.createElement("canvas");
    const fast = !/llvmpipe|swiftshader|software|basic render/i.test(graphics());
    this.#renderer = new WebGLRenderer({
      canvas: this.canvas,
      alpha: true,
      antialias: fast,
      powerPreference: "high-performance",
    });
    this.#renderer.outputColorSpace = SRGBColorSpace;
    /** Milliseconds between drawings, at rest and in speech: who draws in software needs the cores for the models. */
    this.pace = fast ? { rest: 30, speech: 0 } : { rest: 100, speech: 45 };
    this.#scale = fast ? 0 : 2;
    this.#scene.add(this.#pivot);
    this.#light();
    this.#observer.observe(this.canvas);
  }

  /** CSS pixels per pixel of the picture. */
  get scale() {
    return Math.min(SCALES[this.#scale], Math.max(1, window.devicePixelRatio));
  }

  /** The avatar's own shapes as last drawn. @returns {Record<string, number>} */
  get moves() {
    return this.#moves.last;
  }

  /** @param {Partial<View>} view */
  set view(view) {
    Object.assign(this.#view, view);
    this.#resize();
  }

  /** @param {import("./face.js").Pose} pose */
  draw({ weights, head }) {
    this.#moves.apply(weights);
    const turn = this.#view.turn * DEGREE;
    this.#pivot.rotation.y = turn;
    this.#pivot.position.y = head.rise;
    if (this.#rig.head) this.#rig.turn(head);
    else this.#bend(head, turn);
    if (this.#rig.eyes && !this.#moves.has("eyeLookUpLeft")) this.#rig.look(weights);
    this.#renderer.render(this.#scene, this.#camera);
  }

  /**
   * Colours parts of one of our heads.
   * @param {Record<string, number[]>} factors  by name of mesh: red, green and blue in linear light
   */
  tint(factors) {
    this.#pivot.traverse(({ isMesh, name, material }) => {
      if (!isMesh || !(name in factors)) return;
      const { r, g, b } = (material.userData.base ??= material.color.clone());
      material.color.setRGB(...[r, g, b].map((x, i) => x * factors[name][i]));
    });
  }

  /** Lets other shapes make ours from now on. @param {import("./moves.js").Mapping} mapping */
  remap(mapping) {
    for (const mesh of [...this.#morphed.values()].flat()) mesh.morphTargetInfluences.fill(0);
    const parts = [...this.#morphed].map(([mesh, all]) => [mesh, all.map((one) => one.morphTargetInfluences)]);
    this.#moves = new Moves(mapping, this.#about.targets, new Map(parts));
  }

  /** The machine cannot keep up: draws more coarsely, and in the end less often. */
  ease() {
    if (this.#scale === SCALES.length - 1) this.pace = { rest: 150, speech: 80 };
    else this.#scale += 1;
    this.#resize();
  }

  /** Gives back what it has taken of the graphics card. */
  leave() {
    this.#observer.disconnect();
    this.canvas.remove();
    this.#renderer.dispose();
    this.#renderer.forceContextLoss();
  }

  #light() {
    const key = new DirectionalLight(0xfff1e4, 2.5);
    key.position.set(0.6, 0.8, 1.4);
    const fill = new DirectionalLight(0xbfd4ff, 0.55);
    fill.position.set(-1.2, 0.2, 0.9);
    const rim = new DirectionalLight(0x9cc4ff, 0.9);
    rim.position.set(-0.7, 0.7, -1.3);
    this.#scene.add(new HemisphereLight(0xe6eeff, 0x5a4a40, 1.55), key, fill, rim);
  }

  #take({ scene: root, parser, asset }) {
    this.#pivot.add(root);
    root.updateMatrixWorld(true);
    const [meshes, nodes] = this.#gather(root, parser.associations);
    if (!meshes.length) throw new Error("there is nothing to see in the avatar's file");
    this.#about ??= { own: true, bones: {}, backward: false, plain: false, ...namesakes(this.#names()) };
    if (asset.generator === OURS) this.#about = { ...this.#about, own: true, bones: {} };
    // The bones of our own heads are for other programs: a bent neck looks the same here, and costs a third less.
    if (this.#about.own) for (const mesh of meshes) mesh.isSkinnedMesh = false;
    this.remap(this.#about.mapping);
    const bones = Object.fromEntries(
      Object.entries(this.#about.bones)
        .map(([name, node]) => [name, nodes.get(node)])
        .filter(([, bone]) => bone?.parent),
    );
    this.#place(root, meshes, bones);
    this.#rig = new Rig(bones, this.#about.plain);
    for (const mesh of meshes) mesh.material = this.#dress(mesh);
  }

  /** Every mesh, every node by its number; and those with morph targets by the number of their mesh. */
  #gather(root, associations) {
    const meshes = [];
    const nodes = new Map();
    root.traverse((object) => {
      const { nodes: node, meshes: number } = associations.get(object) ?? {};
      if (node !== undefined) nodes.set(node, object);
      if (!object.isMesh) return;
      meshes.push(object);
      object.frustumCulled = false;
      if (!object.morphTargetInfluences) return;
      if (!this.#morphed.has(number)) this.#morphed.set(number, []);
      this.#morphed.get(number).push(object);
    });
    return [meshes, nodes];
  }

  #names() {
    return new Map([...this.#morphed].map(([number, [mesh]]) => [number, mesh.morphTargetDictionary]));
  }

  /** Turns and scales the avatar so that it faces the camera in metres, and finds what to look at. */
  #place(root, meshes, bones) {
    const moved = (ours) => this.#moved(ours);
    const face = find(meshes, moved, bones);
    root.rotation.y += this.#about.backward ? Math.PI : facing(face);
    root.scale.multiplyScalar(scale(face));
    root.updateMatrixWorld(true);
    const { mouth, middle, crown, span } = find(meshes, moved, bones);
    // A view turns the avatar about the middle of its head.
    root.position.x -= mouth.x;
    root.position.z -= middle.z;
    root.updateMatrixWorld(true);
    this.#size = Math.min(HEADS[1], Math.max(HEADS[0], (crown - mouth.y) / HEAD));
    this.#centre.set(0, crown - BELOW * this.#size, mouth.z - middle.z);
    // A head without bones turns about the top of the spine.
    this.#neck.set(0, mouth.y - 0.6 * span, 0);
    this.#uniforms.neckWidth.value = BEND * this.#size;
  }

  #moved(ours) {
    return Object.keys(this.#about.mapping[ours] ?? {}).flatMap((theirs) =>
      (this.#about.targets[theirs] ?? []).flatMap(([mesh, index]) =>
        (this.#morphed.get(mesh) ?? []).map((one) => ({ mesh: one, index })),
      ),
    );
  }

  #dress(mesh) {
    const dressed = this.#about.own ? own(mesh) : foreign(mesh, this.#about.plain);
    if (dressed.alphaTest) dressed.alphaToCoverage = this.#renderer.getContext().getContextAttributes().antialias;
    if (!this.#rig.head) hinge(dressed, this.#uniforms);
    return dressed;
  }

  /** Bends the neck of an avatar without bones, about axes that turn with it. */
  #bend(head, turn) {
    const { bend, neck } = this.#uniforms;
    bend.value
      .makeRotationY(turn + head.yaw)
      .multiply(this.#turned.makeRotationX(head.pitch))
      .multiply(this.#turned.makeRotationZ(-head.roll))
      .multiply(this.#turned.makeRotationY(-turn));
    this.#pivot.updateMatrixWorld();
    neck.value.copy(this.#neck).applyMatrix4(this.#pivot.matrixWorld);
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    this.#renderer.setPixelRatio(this.scale);
    this.#renderer.setSize(width, height, false);
    const covered = Math.min(0.6 * height, this.#margin());
    const { distance, height: raised, field } = this.#view;
    // Metres per CSS pixel, such that head and shoulders fit into the free part.
    const metres = distance * this.#size * Math.max(TALL / (height - covered), WIDE / width);
    const away = (metres * height) / 2 / Math.tan((field * DEGREE) / 2);
    this.#camera.fov = field;
    this.#camera.near = 0.1 * away;
    this.#camera.far = 10 * away;
    this.#camera.aspect = width / height;
    this.#camera.position.copy(this.#centre);
    this.#camera.position.y += raised;
    this.#camera.position.z += away;
    this.#camera.setViewOffset(width, height, 0, covered / 2, width, height);
    this.#camera.updateProjectionMatrix();
  }
}
