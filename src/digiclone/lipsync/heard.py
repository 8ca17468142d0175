"""The mouth from the sound alone, for voices that give no phone times: a small convolutional network.

It hears 25 ms every 10 ms and says what the mouth was doing two hops ago, so it needs 40 ms of what comes after the
beginning of a frame. It ships with the package; `digiclone.train.visemes` made it (`docs/lipsync.md`).
"""

from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np

from digiclone.config import Strict
from digiclone.dsp import mel_filters, resample
from digiclone.stages import VISEMES
from digiclone.types import Audio, Mark, Speech

NEEDS = ("onnxruntime",)
MODELS = ()
RATE = 16_000
"""Samples per second that it hears."""
HOP = 160
"""Samples in a frame."""
WINDOW = 400
"""Samples that are looked at for one frame."""
BEFORE = 80
"""How many of them come before the frame."""
DELAY = 2
"""Hops by which the network's answers come late, to hear how a sound goes on."""
LOOKAHEAD = (WINDOW - BEFORE + DELAY * HOP) / RATE
"""Seconds from the beginning of a frame to the last sample that can change its viseme."""
MELS = 40
_FFT = 512
_FLOOR = 1e-7
"""Power of a mel band: noise at -75 dB of full scale. Below it, sound and digital silence are the same."""


_SPAN = 200
"""Frames that the running mean of the bands spans."""
_SURE = 15
"""Frames that its beginning, 0, counts for."""
_DEPTH, _FADE, _FIRST = 0.6, 0.002, 0.0
"""A frame within `_DEPTH` (a unit is 30 dB) of the loudest of late is speech; that fades by `_FADE` a frame, and begins
as `_FIRST`."""


class Options(Strict):
    threads: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """What speech has been like so far, for one stream or for rows of them."""

    mean: np.ndarray
    """Of each band, shape (…, MELS)."""
    count: np.ndarray
    """Frames that it is the mean of, shape (…, 1)."""
    peak: np.ndarray
    """The loudest frame of late, shape (…, 1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """What a stream that goes on must remember."""

    samples: np.ndarray
    """The end of what was heard, not yet a whole window."""
    mels: np.ndarray
    """The frames that the network's next answer looks back to."""
    usual: Usual
    early: int
    """Answers still to come that concern frames before the first."""


class Backend:
    def __init__(self, options: Options) -> None:
        from digiclone.onnx import session  # noqa: PLC0415

        model = (files("digiclone.lipsync") / "heard.onnx").read_bytes()
        self.session = session(model, options.threads)
        self._past = int(self.session.get_modelmeta().custom_metadata_map["past"])

    def mouth(self, speech: Speech) -> tuple[Mark, ...]:
        samples = resample(Audio(_clean(speech.samples), speech.rate), RATE).samples
        return marks(self.frames(samples), speech.seconds)

    def frames(self, samples: np.ndarray) -> np.ndarray:
        """How likely each of `VISEMES` is in each hop of `samples` (at `RATE`), shape (ceil(n / HOP), 15)."""
        heard, memory = self.hear(samples, self.begin())
        rest, _ = self.hear(np.zeros(WINDOW + DELAY * HOP, np.float32), memory)
        return np.concatenate([heard, rest])[: -(-len(samples) // HOP)]

    def begin(self) -> Memory:
        """The memory of a stream that has not begun: it was silent."""
        silence = np.repeat(log_mel(np.zeros(WINDOW, np.float32)), self._past, axis=0)
        return Memory(np.zeros(BEFORE, np.float32), silence, usual(), DELAY)

    def hear(self, samples: np.ndarray, memory: Memory) -> tuple[np.ndarray, Memory]:
        """The frames that became certain with these samples, as in `frames`, and the memory for the next samples.

        However a sound is cut, the frames are the same.
        """
        heard = np.concatenate([memory.samples, samples])
        new, after = centre(log_mel(heard), memory.usual)
        if not len(new):
            return np.zeros((0, len(VISEMES)), np.float32), replace(memory, samples=heard)
        mels = np.concatenate([memory.mels, new])
        (likely,) = self.session.run(None, {"mels": mels[None]})
        skipped = min(memory.early, len(new))
        rest = heard[len(new) * HOP :]
        return likely[0, skipped:], Memory(rest, mels[-self._past :], after, memory.early - skipped)


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Log power in 40 mel bands up to 8 kHz, about -1 to 1, for each whole window of `samples` (…, n): shape
    (…, frames, 40)."""
    if samples.shape[-1] < WINDOW:
        return np.zeros((*samples.shape[:-1], 0, MELS), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW, axis=-1)[..., ::HOP, :]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW).astype(np.float32), _FFT)) ** 2
    bands = power @ mel_filters(_FFT // 2 + 1, MELS, RATE).astype(np.float32)
    return (np.log10(bands + np.float32(_FLOOR)) + 4) / 3


def usual(*rows: int) -> Usual:
    """Before anything was heard, for so many rows of streams."""
    one = np.zeros((*rows, 1), np.float32)
    return Usual(np.zeros((*rows, MELS), np.float32), one, one + np.float32(_FIRST))


def centre(mels: np.ndarray, usual: Usual) -> tuple[np.ndarray, Usual]:
    """`mels` (…, frames, bands) without the running mean of each band over the frames loud enough to be speech.

    So channel and loudness hardly matter. `usual` is that of the frames before; returned is that after them.
    """
    mean, count, peak = usual.mean, usual.count, usual.peak
    centred = np.empty_like(mels)
    for t in range(mels.shape[-2]):
        now = mels[..., t, :]
        level = now.mean(axis=-1, keepdims=True)
        peak = np.maximum(peak - np.float32(_FADE), level)
        speech = (level > peak - np.float32(_DEPTH)).astype(np.float32)
        count = np.minimum(count + speech, np.float32(_SPAN))
        mean = mean + speech * (now - mean) / (count + np.float32(_SURE))
        centred[..., t, :] = now - mean
    return centred, Usual(mean, count, peak)


def marks(likely: np.ndarray, seconds: float) -> tuple[Mark, ...]:
    """The likeliest viseme of each hop, neighbours joined; cut off at `seconds`."""
    found: list[Mark] = []
    for i, k in enumerate(np.argmax(likely, axis=1)):
        start, end = i * HOP / RATE, min((i + 1) * HOP / RATE, seconds)
        if found and found[-1].symbol == VISEMES[k]:
            found[-1] = Mark(VISEMES[k], found[-1].start, end)
        elif end > start:
            found.append(Mark(VISEMES[k], start, end))
    return tuple(found)


def _clean(samples: np.ndarray) -> np.ndarray:
    return np.clip(np.nan_to_num(np.asarray(samples, np.float32), posinf=0.0, neginf=0.0), -1, 1)
