// What @met4citizen/headaudio hears in a sound: its own worklet, fed outside a browser with the blocks of 128 samples that a browser feeds it.
//
//     node headaudio.mjs PACKAGE RATE PARAMETERS SOUND…    each SOUND a file of raw float32 samples at RATE
//
// Prints, for each sound, a list of [seconds, viseme]: from then on the mouth is that.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [folder, rate, parameters, ...sounds] = process.argv.slice(2);
const chosen = Object.entries(JSON.parse(parameters));
const module = (file) => import(pathToFileURL(`${folder}/${file}`).href);
let Worklet;
globalThis.sampleRate = Number(rate);
globalThis.registerProcessor = (_, registered) => (Worklet = registered);
globalThis.AudioWorkletProcessor = class {
  port = { postMessage: (message) => this.port.heard(message) };
};
globalThis.fetch = async (file) => new Response(await readFile(file));
await module("dist/headworklet.min.mjs");
const { Training } = await module("modules/training.mjs");
const NAMES = ["aa", "E", "I", "O", "U", "PP", "SS", "TH", "DD", "FF", "kk", "nn", "RR", "CH", "sil"]; // its headaudio.mjs

async function mouths(file) {
  const bytes = await readFile(file);
  const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const worklet = new Worklet({ processorOptions: {} });
  const { model } = await new Training().loadModel(`${folder}/dist/model-en-mixed.bin`);
  worklet.port.onmessage({ data: { event: "model", model } });
  const found = [[0, "sil"]];
  worklet.port.heard = ({ event, viseme, t }) => {
    if (event === "viseme" && viseme !== null) found.push([t, NAMES[viseme]]);
    else if (event === "ended") found.push([t, "sil"]);
  };
  const settings = Object.fromEntries(Worklet.parameterDescriptors.map((p) => [p.name, [p.defaultValue]]));
  for (const [name, value] of chosen) settings[name] = [value];
  for (let i = 0; i < samples.length; i += 128) {
    const block = new Float32Array(128);
    block.set(samples.subarray(i, i + 128));
    worklet.process([[block]], [], settings);
  }
  return found;
}

const all = [];
for (const sound of sounds) all.push(await mouths(sound));
console.log(JSON.stringify(all));
