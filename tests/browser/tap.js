/** Records every sample that reaches it, on the audio thread: a ScriptProcessor would lose blocks on a busy machine. */
class Tap extends AudioWorkletProcessor {
  constructor() {
    super();
    this.blocks = [];
    this.port.onmessage = () => this.port.postMessage(this.blocks);
  }

  process([[input]]) {
    this.blocks.push(input ? Array.from(input) : new Array(128).fill(0));
    return true;
  }
}
registerProcessor("tap", Tap);
