/** What the tape plays on. */

import { Tape } from "./tape.js";

/** Samples per block of the fallback. */
const BLOCK = 1024;

/**
 * A node that plays a tape, and the way to talk to it. On the audio thread where there is an AudioWorklet; a page that
 * came over plain http from another machine has none, but may still speak, through a ScriptProcessor.
 * @param {BaseAudioContext} context
 * @param {(changes: import("./tape.js").Change[]) => void} heard
 * @returns {Promise<{node: AudioNode, tell: (verb: string, turn?: number, samples?: Float32Array) => void}>}
 */
export async function deck(context, heard) {
  return context.audioWorklet ? worklet(context, heard) : processor(context, heard);
}

async function worklet(context, heard) {
  await context.audioWorklet.addModule(new URL("./player-worklet.js", import.meta.url));
  const node = new AudioWorkletNode(context, "tape", { numberOfInputs: 0, outputChannelCount: [1] });
  node.port.onmessage = ({ data }) => heard(data);
  const tell = (verb, turn, samples) => node.port.postMessage({ verb, turn, samples }, samples ? [samples.buffer] : []);
  return { node, tell };
}

function processor(context, heard) {
  const tape = new Tape(context.sampleRate);
  const node = context.createScriptProcessor(BLOCK, 0, 1);
  node.onaudioprocess = ({ outputBuffer, playbackTime }) => {
    const changes = tape.render(outputBuffer.getChannelData(0), Math.round(playbackTime * context.sampleRate));
    if (changes.length) heard(changes);
  };
  return { node, tell: (verb, turn, samples) => tape[verb](turn, samples) };
}
