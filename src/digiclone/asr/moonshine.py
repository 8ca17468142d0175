"""Moonshine (Jeffries et al. 2024, arXiv 2410.15608): reads any length, so a short question costs little. English.

The encoder turns raw 16 kHz sound into one vector per 24 ms; the decoder writes tokens, greedily, with its keys and
values cached.
"""

import threading
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import numpy as np

from digiclone.config import Strict
from digiclone.dsp import rms, split_at_quiet
from digiclone.stages import RATE
from digiclone.text.pieces import Pieces
from digiclone.types import Audio
from digiclone.weights import File, Model, path

NEEDS = ("onnxruntime",)
_WHEEL = "pypi:moonshine-voice==0.0.65@manylinux_2_34_x86_64!moonshine_voice/assets/tiny-en/"
MODELS = (
    Model(
        "tiny-en",
        (
            File(
                "encoder_model.ort",
                "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
                13_281_600,
                (_WHEEL + "encoder_model.ort",),
            ),
            File(
                "decoder_model_merged.ort",
                "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
                30_412_256,
                (_WHEEL + "decoder_model_merged.ort",),
            ),
            File(
                "tokenizer.bin",
                "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
                249_974,
                (_WHEEL + "tokenizer.bin",),
            ),
        ),
        "MIT",
        "Useful Sensors (Moonshine AI)",
        {"parameters": 27e6},
    ),
)
_LONGEST = 20.0
"""Seconds that the model reads well at once; longer sound is cut at its quietest points."""
_STRIDE = 64 * 3 * 2
"""Samples per vector. The decoder's mask counts samples and is thinned inside the graph by this stride; a mask that
counts vectors instead works by accident up to 384 of them, and fails on anything longer than nine seconds."""
_BEGIN, _END = 1, 2
_NEAR = 6
"""Pieces of a guess that may be wrong one after the other: further on, what is written is not looked for in it."""
_TOKENS_PER_SECOND = 8
"""Nobody speaks faster; a decoder that writes more is looping (noise does that to it)."""


class Options(Strict):
    model: str = "tiny-en"
    threads: int = 1
    """One is as quick as two: the decoder works token by token. The other core asks Smart Turn meanwhile."""


class Backend:
    def __init__(self, options: Options) -> None:
        from digiclone.onnx import session  # noqa: PLC0415

        (row,) = (m for m in MODELS if m.name == options.model)
        encoder, decoder, tokens = map(path, row.files)
        self._encoder = session(encoder, options.threads)
        self._decoder = session(decoder, options.threads)
        self._pieces = Pieces(tokens.read_bytes())
        self._names = [o.name.replace("present", "past_key_values") for o in self._decoder.get_outputs()[1:]]
        heads = self._decoder.get_inputs()[3].shape
        self._empty = np.zeros((1, heads[1], 0, heads[3]), np.float32)
        self._busy = threading.Lock()

    def transcribe(self, audio: Audio) -> str:
        with self._busy:
            texts = [self._piece(piece) for piece in split_at_quiet(audio, _LONGEST)]
        return " ".join(text for text in texts if text)

    def _piece(self, audio: Audio) -> str:
        if audio.seconds < 0.1 or rms(audio.samples) < 1e-4:
            return ""
        return self.write(self.features(audio))

    def features(self, audio: Audio) -> np.ndarray:
        """The encoder's output, shape (1, n, 288), about 41.5 vectors a second."""
        x = audio.samples[None].astype(np.float32)
        return self._encoder.run(None, {"input_values": x, "attention_mask": np.ones(x.shape, np.int64)})[0]

    def write(self, features: np.ndarray, guess: str = "") -> str:
        """What is said in the `features` of a sound. A `guess` that is right in parts makes it quicker: its pieces are
        judged in one pass, and only what is wrong is written one by one (speculative decoding, Leviathan et al. 2023).
        It changes nothing but by rounding, where two pieces are as good as equal."""
        fixed, past, tokens, feed = _heard(features), self._none(1), list[int](), _BEGIN
        guessed, found = self._pieces.numbers(guess) if guess else [], True
        most = int(features.shape[1] * _STRIDE / RATE * _TOKENS_PER_SECOND) + 4
        while len(tokens) < most:
            rows = [feed, *(guessed if found else ())]
            feeds = {**fixed, **past, "input_ids": np.array([rows]), "use_cache_branch": np.array([bool(tokens)])}
            logits, *present = self._decoder.run(None, feeds)
            chosen = logits[0].argmax(axis=1).tolist()
            right = sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(chosen, rows[1:], strict=False)))
            for name, value in zip(self._names, present, strict=True):
                if ".decoder." in name:
                    past[name] = value[:, :, : len(tokens) + right + 1]
                elif not tokens:  # the encoder's keys and values never change after the first step
                    past[name] = value
            tokens += chosen[:right]
            feed = chosen[right]
            if feed == _END:
                break
            tokens.append(feed)
            guessed = guessed[right:]
            if found := feed in guessed[:_NEAR]:  # here it may be right again
                guessed = guessed[guessed.index(feed) + 1 :]
        return self._pieces.text(tokens[:most])

    def believe(self, features: np.ndarray, texts: Sequence[str]) -> list[float]:
        """The log-probability of each text, if these `features` were heard: all its pieces are judged in one pass."""
        wanted = [self._pieces.numbers(text) for text in texts]
        rows = np.full((len(texts), max(map(len, wanted)) + 1), _END)
        rows[:, 0] = _BEGIN
        for row, numbers in zip(rows, wanted, strict=True):
            row[1 : len(numbers) + 1] = numbers
        feeds = {**_heard(np.repeat(features, len(texts), axis=0)), **self._none(len(texts))}
        logits = self._decoder.run(["logits"], feeds | {"input_ids": rows, "use_cache_branch": np.array([False])})[0]
        found = list[float]()
        for row, numbers in zip(logits, wanted, strict=True):
            judged = row[: len(numbers) + 1]
            most = judged.max(axis=1)
            total = np.log(np.exp(judged - most[:, None]).sum(axis=1)) + most
            found.append(float((judged[np.arange(len(judged)), [*numbers, _END]] - total).sum()))
        return found

    def _none(self, rows: int) -> dict[str, np.ndarray]:
        """Keys and values of nothing read before."""
        return dict.fromkeys(self._names, np.repeat(self._empty, rows, axis=0))


def _heard(features: np.ndarray) -> dict[str, Any]:
    rows, frames, _ = features.shape
    return {
        "encoder_hidden_states": features,
        "encoder_attention_mask": np.ones((rows, frames * _STRIDE), np.int64),
    }
