/** The head in three dimensions: loads it, lights it, frames it, draws a pose. */

import {
  AdditiveBlending,
  Box3,
  DirectionalLight,
  HemisphereLight,
  Matrix4,
  MeshPhongMaterial,
  PerspectiveCamera,
  Scene,
  SRGBColorSpace,
  Vector3,
  WebGLRenderer,
} from "./vendor/three.module.js";
import { graphics } from "./graphics.js";
import { GLTFLoader } from "./vendor/GLTFLoader.js";

/** Metres of height and width that the free part of the view shows at least: head and shoulders. */
const TALL = 0.36;
const WIDE = 0.25;
/** Vertical field of view in degrees: long, as portrait lenses are. */
const FIELD = 20;
/** Pixels per CSS pixel, from fine to coarse; a slow machine steps down. */
const SCALES = [2, 1.5, 1, 0.7];

/**
 * How each mesh shines, by its name without "Left" and "Right". Cheap materials, a third of the cost of physical ones:
 * many machines have no fast GPU.
 */
const SHINE = {
  Head: { specular: 0x1c1614, shininess: 18 },
  Eye: { specular: 0x161616, shininess: 50 },
  Teeth: { specular: 0x333333, shininess: 40 },
  Tongue: { specular: 0x222222, shininess: 30 },
  Hair: { specular: 0x0c0a08, shininess: 20 },
  // Nothing but its highlight is seen of the cornea.
  Cornea: {
    map: null,
    color: 0x000000,
    specular: 0x303030,
    shininess: 250,
    blending: AdditiveBlending,
    transparent: true,
  },
};

/** Takes the place of three's projection. The camera looks along the world's axis: a normal may turn in view space. */
const HINGE = `
  vec4 place = modelMatrix * vec4(transformed, 1.0);
  float follow = smoothstep(neck.y - 0.06, neck.y + 0.06, place.y);
  place.xyz = mix(place.xyz, mat3(bend) * (place.xyz - neck) + neck, follow);
  vNormal = mix(vNormal, mat3(bend) * vNormal, follow);
  vec4 mvPosition = viewMatrix * place;
  gl_Position = projectionMatrix * mvPosition;
`;

export class Avatar {
  /** @type {HTMLCanvasElement} */
  canvas;
  #renderer;
  #scene = new Scene();
  #camera = new PerspectiveCamera(FIELD, 1, 0.1, 10);
  /** @type {import("./vendor/three.module.js").Mesh[]} */
  #meshes = [];
  #bend = { value: new Matrix4() };
  #neck = { value: new Vector3() };
  #centre = new Vector3();
  #scale;
  #margin;

  /**
   * @param {HTMLElement} box  the avatar fills it
   * @param {string} url  of a GLB with named morph targets: metres, Y up, facing +Z
   * @param {() => number} margin  CSS pixels at the bottom of the box that something else covers
   * @throws {Error} if there is no WebGL, or no such head
   */
  static async load(box, url, margin) {
    const avatar = new Avatar(margin);
    const { scene } = await new GLTFLoader().loadAsync(url);
    avatar.#take(scene);
    box.append(avatar.canvas);
    avatar.#resize();
    // Shaders are compiled and textures sent before the head is shown: the first frame would take half a second.
    await avatar.#renderer.compileAsync(avatar.#scene, avatar.#camera);
    avatar.#renderer.render(avatar.#scene, avatar.#camera);
    avatar.canvas.classList.add("shown");
    return avatar;
  }

  constructor(margin) {
    this.#margin = margin;
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
    this.#light();
    new ResizeObserver(() => this.canvas.isConnected && this.#resize()).observe(this.canvas);
  }

  /** CSS pixels per pixel of the picture. */
  get scale() {
    return Math.min(SCALES[this.#scale], Math.max(1, window.devicePixelRatio));
  }

  /** @param {import("./face.js").Pose} pose */
  draw({ weights, head }) {
    for (const { morphTargetDictionary: names, morphTargetInfluences: values } of this.#meshes) {
      for (const name of Object.keys(weights)) if (name in names) values[names[name]] = weights[name];
    }
    this.#bend.value
      .makeRotationY(head.yaw)
      .multiply(new Matrix4().makeRotationX(head.pitch))
      .multiply(new Matrix4().makeRotationZ(-head.roll));
    this.#scene.position.y = head.rise;
    this.#renderer.render(this.#scene, this.#camera);
  }

  /** The machine cannot keep up: draws more coarsely, and in the end less often. */
  ease() {
    if (this.#scale === SCALES.length - 1) this.pace = { rest: 150, speech: 80 };
    else this.#scale += 1;
    this.#resize();
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

  #take(root) {
    const head = new Box3();
    root.updateMatrixWorld(true);
    root.traverse((mesh) => {
      if (!mesh.isMesh) return;
      mesh.frustumCulled = false;
      mesh.material = this.#dress(mesh);
      if (mesh.morphTargetDictionary) this.#meshes.push(mesh);
      if (mesh.name === "Head")
        head.setFromBufferAttribute(mesh.geometry.attributes.position).applyMatrix4(mesh.matrixWorld);
    });
    if (head.isEmpty()) throw new Error("the avatar has no mesh named Head");
    const size = head.getSize(new Vector3());
    head.getCenter(this.#centre);
    this.#centre.y = head.max.y - 0.12;
    // The head turns about the top of the spine; below it, the neck follows less and less.
    this.#neck.value.set(this.#centre.x, head.min.y + 0.3 * size.y, this.#centre.z - 0.1 * size.z);
    this.#scene.add(root);
  }

  #dress({ name, material }) {
    const { map, color, side, alphaTest, transparent } = material;
    const part = name.replace(/Left$|Right$/, "");
    const dressed = new MeshPhongMaterial({
      name,
      map,
      color,
      side,
      alphaTest,
      transparent,
      specular: 0x000000,
      ...SHINE[part],
    });
    if (transparent) dressed.depthWrite = false;
    if (alphaTest) dressed.alphaToCoverage = this.#renderer.getContext().getContextAttributes().antialias;
    dressed.onBeforeCompile = (shader) => this.#hinge(shader);
    return dressed;
  }

  /** A neck without bones: vertices turn about `neck`, fully from 6 cm above it, not at all from 6 cm below. */
  #hinge(shader) {
    Object.assign(shader.uniforms, { bend: this.#bend, neck: this.#neck });
    shader.vertexShader = shader.vertexShader
      .replace("void main() {", "uniform mat4 bend;\nuniform vec3 neck;\nvoid main() {")
      .replace("#include <project_vertex>", HINGE);
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    this.#renderer.setPixelRatio(this.scale);
    this.#renderer.setSize(width, height, false);
    const covered = Math.min(0.6 * height, this.#margin());
    const free = height - covered;
    // Metres per CSS pixel, such that head and shoulders fit into the free part.
    const metres = Math.max(TALL / free, WIDE / width);
    const distance = (metres * height) / 2 / Math.tan((FIELD * Math.PI) / 360);
    this.#camera.aspect = width / height;
    this.#camera.position.copy(this.#centre).add(new Vector3(0, 0, distance));
    this.#camera.setViewOffset(width, height, 0, covered / 2, width, height);
    this.#camera.updateProjectionMatrix();
  }
}
