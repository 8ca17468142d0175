"""The vocoder with its weights in 32, 16 and 8 bits, as it ships (8 bits, and written for ONNX Runtime's quicker
convolutions), and computing in 8 bits: size, speed, and how it sounds.

    python bench/variants.py [--quick] [--json]

Each makes sound of the mel frames of Kathleen's test sentences; DistillMOS judges it beside the recordings.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from onnx import ModelProto

from digiclone.dsp import VOICE_RATE, voice_mel
from digiclone.measure.recordings import data, listed
from digiclone.nn import hifigan
from digiclone.nn.plain import plain
from digiclone.onnx import session
from digiclone.train.hifigan_export import vocoder
from digiclone.train.traced import encoded, halved, quartered, traced
from digiclone.types import Audio
from digiclone.voice.models import HIFIGAN
from digiclone.voice.mos import mos
from digiclone.weights import fetch


def figures(quick: bool) -> dict[str, Any]:
    """By the bits of its weights, and `computed_in_8`."""
    said = listed(data() / "kathleen" / "metadata.csv", "test")[: 4 if quick else 20]
    sounds = [np.asarray(soundfile.read(one.file, dtype="float32")[0], np.float32) for one in said]
    made: dict[str, Callable[[], bytes]] = {
        "32": lambda: encoded(_graph(), {}),
        "16": lambda: encoded(halved(_graph()), {}),
        "8": lambda: encoded(quartered(_graph()), {}),
        "as_it_ships": lambda: vocoder(hifigan.load(fetch(HIFIGAN)), {}),
        "computed_in_8": lambda: _dynamic(encoded(_graph(), {})),
    }
    real = float(np.mean([mos(Audio(sound, VOICE_RATE)) for sound in sounds]))
    return {"vocoder": {name: _judged(make(), sounds) for name, make in made.items()} | {"recordings_mos": real}}


def _graph() -> ModelProto:
    net = plain(hifigan.load(fetch(HIFIGAN)))
    free = {"mels": {2: "frames"}, "samples": {1: "samples"}}
    return traced(net, [torch.zeros(1, net.dims.mels, 8)], ["mels"], ["samples"], free)


def _dynamic(model: bytes) -> bytes:
    """ONNX Runtime's own: convolutions in integers, with scales of the sound found while it runs."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        before.write_bytes(model)
        quantize_dynamic(before, after, weight_type=QuantType.QUInt8)
        return after.read_bytes()


def _judged(model: bytes, sounds: list[np.ndarray]) -> dict[str, float]:
    network = session(model, threads=2)
    mels = [voice_mel(sound)[None] for sound in sounds]
    sides = {one.name: np.array([0]) for one in network.get_inputs() if one.name != "mels"}
    network.run(None, {"mels": mels[0][:, :, :100], **sides})
    begun = time.perf_counter()
    heard = [network.run(None, {"mels": one, **sides})[0][0] for one in mels]
    took = time.perf_counter() - begun
    seconds = sum(len(one) for one in heard) / VOICE_RATE
    opinion = float(np.mean([mos(Audio(one, VOICE_RATE)) for one in heard]))
    return {"mb": len(model) / 1e6, "rtf": took / seconds, "mos": opinion}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="four sentences, not twenty")
    parser.add_argument("--json", action="store_true", help="one line")
    chosen = parser.parse_args()
    print(json.dumps(figures(chosen.quick), indent=None if chosen.json else 2))
