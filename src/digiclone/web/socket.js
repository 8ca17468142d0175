/** One WebSocket that comes back by itself. */

import { decode } from "./wire.js";

/**
 * Seconds to wait before attempt `n` (from 0): half a second, doubling, at most ten.
 * @param {number} n
 */
export const backoff = (n) => Math.min(10, 0.5 * 2 ** n);

/**
 * @typedef {object} Hooks
 * @property {() => void} opened
 * @property {(event: import("./wire.js").Event) => void} heard
 * @property {(reason: string, seconds: number) => void} lost  and how many seconds until the next attempt
 */

export class Socket {
  #url;
  #hooks;
  #attempt = 0;
  #timer = 0;
  /** @type {WebSocket|null} */
  #socket = null;

  /** @param {string} url @param {Hooks} hooks */
  constructor(url, hooks) {
    this.#url = url;
    this.#hooks = hooks;
    this.connect();
    window.addEventListener("online", () => this.#timer && this.connect());
  }

  /** Connects now, without waiting for the next attempt. */
  connect() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const socket = new WebSocket(this.#url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#hooks.opened();
    socket.onmessage = ({ data }) => this.#take(data);
    socket.onclose = ({ reason }) => this.#lost(reason);
    this.#socket = socket;
  }

  #take(data) {
    const event = decode(data);
    // The pause grows until a clone really wakes up: a server that accepts and then breaks must not be hammered.
    if (event.type === "Ready") this.#attempt = 0;
    this.#hooks.heard(event);
  }

  #lost(reason) {
    const seconds = backoff(this.#attempt++);
    this.#timer = setTimeout(() => this.connect(), 1000 * seconds);
    this.#hooks.lost(reason, seconds);
  }

  /**
   * @param {string|ArrayBuffer} frame
   * @returns {boolean} false if the server is gone: the frame is dropped, since late sound or a late word helps nobody
   */
  send(frame) {
    const open = this.#socket?.readyState === WebSocket.OPEN;
    if (open) this.#socket.send(frame);
    return open;
  }
}
