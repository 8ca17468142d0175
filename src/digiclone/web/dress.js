/** What meshes look like: materials at a third of the cost of physical ones, since many machines have no fast GPU. */

import { AdditiveBlending, MeshBasicMaterial, MeshPhongMaterial } from "./vendor/three.module.js";

/** How each mesh of our own heads shines, by its name without "Left", "Right" and "Mesh". */
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
  float follow = smoothstep(neck.y - neckWidth, neck.y + neckWidth, place.y);
  place.xyz = mix(place.xyz, mat3(bend) * (place.xyz - neck) + neck, follow);
  #ifdef TURNS
    vNormal = mix(vNormal, mat3(bend) * vNormal, follow);
  #endif
  vec4 mvPosition = viewMatrix * place;
  gl_Position = projectionMatrix * mvPosition;
`;

/**
 * A material for a mesh of one of our heads.
 * @param {import("./vendor/three.module.js").Mesh} mesh
 */
export function own({ name, material }) {
  const { map, color, side, alphaTest, transparent } = material;
  const part = name.replace(/Left$|Right$/, "");
  const look = { name, map, color, side, alphaTest, transparent, specular: 0x000000, ...SHINE[part] };
  const dressed = new MeshPhongMaterial(look);
  if (transparent) dressed.depthWrite = false;
  return dressed;
}

/**
 * A material for a mesh that somebody else made: as they meant it, as far as that is cheap.
 * @param {import("./vendor/three.module.js").Mesh} mesh
 * @param {boolean} plain  drawn without light, as cartoons are
 */
export function foreign({ name, material }, plain) {
  const { map, color, side, alphaTest, transparent, opacity, depthWrite, vertexColors, flatShading } = material;
  const look = { name, map, color, side, alphaTest, transparent, opacity, depthWrite, vertexColors };
  if (plain || material.isMeshBasicMaterial) return new MeshBasicMaterial(look);
  // What lets light through would be opaque here.
  if (material.transmission > 0) Object.assign(look, { transparent: true, opacity: 0.25, depthWrite: false });
  const { normalMap, normalScale, emissive, emissiveMap, emissiveIntensity, roughness = 1 } = material;
  const smooth = (1 - roughness) ** 2;
  const dressed = new MeshPhongMaterial({ ...look, flatShading, normalMap, emissive, emissiveMap, emissiveIntensity });
  if (normalScale) dressed.normalScale.copy(normalScale);
  dressed.specular.setScalar(0.03 + 0.2 * smooth);
  dressed.shininess = 8 + 90 * smooth;
  return dressed;
}

/**
 * A neck without bones: points turn about it, fully from `neckWidth` above, not at all from as far below.
 * @param {import("./vendor/three.module.js").Material} material
 * @param {{bend: object, neck: object, neckWidth: object}} uniforms
 */
export function hinge(material, uniforms) {
  const turns = material.isMeshPhongMaterial && !material.flatShading;
  material.onBeforeCompile = (shader) => {
    Object.assign(shader.uniforms, uniforms);
    const head = `${turns ? "#define TURNS\n" : ""}uniform mat4 bend;\nuniform vec3 neck;\nuniform float neckWidth;\n`;
    shader.vertexShader = shader.vertexShader
      .replace("void main() {", `${head}void main() {`)
      .replace("#include <project_vertex>", HINGE);
  };
  material.customProgramCacheKey = () => `hinge ${turns}`;
}
