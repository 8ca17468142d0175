/** What the server keeps of a clone's avatar: which it is, what of it can be moved, and how that makes our mouths. */

/** Bytes that the server takes; a bigger file is not even sent. */
export const MOST_BYTES = 100_000_000;

const base = (clone) => `/api/clones/${encodeURIComponent(clone)}/avatar`;

/** What the server says went wrong, and what to do about it. */
export class Refused extends Error {
  /** @param {string} message @param {string} hint */
  constructor(message, hint = "") {
    super(message);
    this.hint = hint;
  }
}

/**
 * @param {string} clone
 * @returns {Promise<import("./avatar.js").About|null>} null where the server knows nothing: then the head is our own
 */
export async function about(clone) {
  try {
    const answer = await fetch(`${base(clone)}/mapping`);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null; // the connection says so already
  }
}

/**
 * @param {string} clone
 * @param {import("./moves.js").Mapping|null} mapping  rows to change; null: as it was found
 * @returns {Promise<import("./avatar.js").About>}
 * @throws {Refused}
 */
export async function save(clone, mapping) {
  const answer = await fetch(`${base(clone)}/mapping`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ mapping }),
  });
  return read(answer.status, await answer.text());
}

/**
 * Sends a file that is to become the avatar. Not by `fetch`, which cannot tell how much has gone out.
 * @param {string} clone @param {File} file
 * @param {(share: number) => void} progress  in [0, 1]
 * @returns {Promise<import("./avatar.js").About>}
 * @throws {Refused}
 */
export function send(clone, file, progress) {
  if (file.size > MOST_BYTES)
    return Promise.reject(
      new Refused(
        `The file has ${Math.round(file.size / 1e6)} MB, but at most ${MOST_BYTES / 1e6} MB can be shown smoothly.`,
        "Make its textures smaller and try again.",
      ),
    );
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `${base(clone)}/file?name=${encodeURIComponent(file.name)}`);
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    request.onerror = () => reject(new Refused("The server cannot be reached.", "Is digiclone still running?"));
    request.onload = () => {
      try {
        resolve(read(request.status, request.responseText));
      } catch (error) {
        reject(error);
      }
    };
    request.send(file);
  });
}

function read(status, text) {
  let said = {};
  try {
    said = JSON.parse(text);
  } catch {
    // not one of our answers: its status says enough
  }
  if (status >= 400) throw new Refused(said.error ?? `The server answered ${status}. ${text.slice(0, 200)}`, said.hint);
  return said;
}
