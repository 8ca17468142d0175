/** Which clone is talked to. */

import { backoff } from "./socket.js";

/**
 * @typedef {{name: string, avatar: string}} Clone
 */

/**
 * Asks the server for its clones until it answers.
 * @param {(reason: string, seconds: number) => void} failed  and when the next attempt is
 * @returns {Promise<{clones: Clone[], clone: Clone}>} the one in the address, else the default
 */
export async function choose(failed) {
  const wanted = new URLSearchParams(location.search).get("clone");
  for (let attempt = 0; ; attempt++) {
    try {
      const { clones, default: usual } = await ask();
      const clone = clones.find(({ name }) => name === (wanted ?? usual));
      if (!clone) throw new Error(wanted ? `There is no clone named "${wanted}" here.` : "There is no clone here yet.");
      return { clones, clone };
    } catch (error) {
      const seconds = backoff(attempt);
      failed(error.message, seconds);
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    }
  }
}

async function ask() {
  const answer = await fetch("/api/clones");
  if (answer.status === 401 || answer.status === 403)
    throw new Error("This page opens only through the link with its token, which the server printed.");
  if (!answer.ok) throw new Error(`The server answered ${answer.status} ${answer.statusText}.`);
  return answer.json();
}

/** The address of a clone's WebSocket. @param {string} name */
export const socketUrl = (name) =>
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/${encodeURIComponent(name)}`;

/** The server has set its cookie: the token must not stay in the address bar, in the history and in screenshots. */
export function hideToken() {
  const url = new URL(location.href);
  if (!url.searchParams.has("token")) return;
  url.searchParams.delete("token");
  history.replaceState(null, "", url);
}
