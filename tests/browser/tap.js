/** Records every sample that reaches it, on the audio thread: a ScriptProcessor would lose blocks on a busy machine. */
class Tap extends AudioWorkletProcessor {
  #samples = [];
  #start = currentTime;

  constructor() {
    super();
    this.port.onmessage = () => this.port.postMessage({ samples: this.#samples, start: this.#start, rate: sampleRate });
  }

  process([[input]]) {
    for (let i = 0; i < 128; i++) this.#samples.push(input ? input[i] : 0);
    return true;
  }
}
registerProcessor("tap", Tap);
