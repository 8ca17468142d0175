/** What the server knows and does about a clone's look. */

import { Refused } from "./avatars.js";

/**
 * @typedef {object} Kept  what is stored
 * @property {{kind: "default"|"photo"|"file", name: string}} source
 * @property {Record<string, any>} look
 * @property {View} view
 * @property {Record<string, any>} choices  for each field of the look: its options, palette or ranges
 * @property {string} url  of the head
 * @typedef {import("./avatar.js").View & {background: string, life: number}} View
 * @typedef {(doing: string, share: number) => void} Progress  share in [0, 1]
 */

const base = (clone) => `/api/clones/${encodeURIComponent(clone)}/avatar`;

/** @param {string} clone @returns {Promise<Kept|null>} null where the server knows nothing of looks */
export async function read(clone) {
  try {
    const answer = await fetch(base(clone));
    return answer.ok ? await answer.json() : null;
  } catch {
    return null; // the connection says so already
  }
}

/**
 * Has a head built to look at.
 * @param {string} clone @param {object} look @param {AbortSignal} signal @param {Progress} progress
 * @returns {Promise<string>} its address
 * @throws {Refused|DOMException} the latter if it was not waited for
 */
export function draft(clone, look, signal, progress) {
  return build(`${base(clone)}/draft`, { method: "POST", body: JSON.stringify({ look }), signal }, progress);
}

/**
 * Keeps a choice.
 * @param {string} clone @param {object} look @param {View} view @param {Progress} progress
 * @returns {Promise<string>} the address of the head
 * @throws {Refused}
 */
export function keep(clone, look, view, progress) {
  return build(`${base(clone)}/look`, { method: "PUT", body: JSON.stringify({ look, view }) }, progress);
}

/** No draft is wanted any more. @param {string} clone */
export async function drop(clone) {
  try {
    await fetch(`${base(clone)}/draft`, { method: "DELETE" });
  } catch {
    // then there is nobody who could build one
  }
}

/** Reads lines of JSON as they come; the last one has the address, or what went wrong. */
async function build(url, request, progress) {
  const answer = await reach(url, request);
  let last = {};
  for await (const line of lines(answer.body)) {
    last = JSON.parse(line);
    if ("share" in last) progress(last.doing, last.share);
  }
  if (!last.url) throw new Refused(last.error ?? "The server broke off.", last.hint ?? "Try again.");
  return last.url;
}

async function reach(url, request) {
  try {
    const answer = await fetch(url, { headers: { "Content-Type": "application/json" }, ...request });
    if (answer.ok) return answer;
    const { error, hint } = await answer.json().catch(() => ({ error: `The server answered ${answer.status}.` }));
    throw new Refused(error, hint);
  } catch (error) {
    if (error instanceof TypeError) throw new Refused("The server cannot be reached.", "Is digiclone still running?");
    throw error;
  }
}

/** @param {ReadableStream<Uint8Array>} stream */
async function* lines(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    const parts = (rest + (value ?? "")).split("\n");
    rest = done ? "" : parts.pop();
    for (const line of parts) if (line) yield line;
    if (done) return;
  }
}
