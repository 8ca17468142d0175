/** What this browser can draw with. */

/**
 * Asked before three is even loaded: most of a page's bytes are of no use without WebGL.
 * @returns {string} the name of what draws, such as "llvmpipe"; empty where there is no WebGL 2
 */
export function graphics() {
  const context = document.createElement("canvas").getContext("webgl2");
  if (!context) return "";
  const info = context.getExtension("WEBGL_debug_renderer_info");
  const name = context.getParameter(info?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER);
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return String(name);
}
