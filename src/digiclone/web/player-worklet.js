/** The tape on the audio thread, where nothing on the page can make it stutter. */

import { Tape } from "./tape.js";

class TapeProcessor extends AudioWorkletProcessor {
  #tape = new Tape(sampleRate);

  constructor() {
    super();
    this.port.onmessage = ({ data: { verb, turn, samples } }) => {
      this.#tape[verb](turn, samples);
    };
  }

  process(_inputs, [[out]]) {
    const changes = this.#tape.render(out, currentFrame);
    if (changes.length) this.port.postMessage(changes);
    return true;
  }
}

registerProcessor("tape", TapeProcessor);
