"""Silero finds the voice, Smart Turn tells a pause from the end of a turn. Numpy and ONNX Runtime, no torch.

Silero VAD 6 (Silero Team, MIT) reads 512 samples behind the last 64 of the window before. Smart Turn v3.2 (Daily,
BSD-2) is a Whisper-tiny encoder with a classifier on the last 8 s, zeros in front of a shorter turn.
"""

from dataclasses import dataclass

import numpy as np

from digiclone.config import Strict
from digiclone.dsp import whisper_mel
from digiclone.types import Audio
from digiclone.weights import File, Model, path

NEEDS = ("onnxruntime",)
_VOICE = File(
    "silero_vad_16k_op15.onnx",
    "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
    1_289_603,
    ("pypi:silero-vad==6.2.3!silero_vad/data/silero_vad_16k_op15.onnx",),
)
_TURN = File(
    "smart-turn-v3.2-cpu.onnx",
    "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
    8_679_182,
    (
        "hf:pipecat-ai/smart-turn-v3@f766f81d3cfdf7737ac64aad813d91bbfd56bf93!smart-turn-v3.2-cpu.onnx",
        "pypi:pipecat-ai==1.14.0!pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
    ),
)
MODELS = (Model("6.2", (_VOICE, _TURN), "MIT AND BSD-2-Clause", "Silero Team; Daily (pipecat)"),)

_CONTEXT = 64
_SECONDS = 8


class Options(Strict):
    turn_threads: int = 1
    """Threads for Smart Turn; Silero always takes one."""


@dataclass(frozen=True)
class Memory:
    state: np.ndarray
    """Shape (2, 1, 128)."""
    context: np.ndarray
    """The last 64 samples, shape (1, 64)."""


_START = Memory(np.zeros((2, 1, 128), np.float32), np.zeros((1, _CONTEXT), np.float32))


class Backend:
    def __init__(self, options: Options) -> None:
        from digiclone.onnx import session  # noqa: PLC0415

        self._voice = session(path(_VOICE), threads=1)
        self._turn = session(path(_TURN), threads=options.turn_threads)
        self._rate = np.array(16_000, np.int64)

    def speech(self, window: Audio, memory: Memory | None) -> tuple[float, Memory]:
        memory = memory or _START
        x = np.concatenate([memory.context, window.samples[None]], axis=1)
        probability, state = self._voice.run(None, {"input": x, "state": memory.state, "sr": self._rate})
        return float(probability[0, 0]), Memory(state, x[:, -_CONTEXT:])

    def finished(self, audio: Audio) -> float:
        x = audio.samples[-_SECONDS * audio.rate :]
        x = np.pad(x, (_SECONDS * audio.rate - len(x), 0))
        x = (x - x.mean()) / np.sqrt(x.var() + 1e-7)
        (probability,) = self._turn.run(None, {"input_features": whisper_mel(x)[None]})
        return float(probability[0, 0])
