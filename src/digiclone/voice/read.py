"""Sound out of any file that FFmpeg knows, in blocks, so that ten hours need no more memory than ten minutes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from digiclone.config import ConfigError
from digiclone.dsp import split_at_quiet
from digiclone.types import Audio

RATE = 48_000
"""Of what comes out: the denoiser's."""
BLOCK = 300.0
"""Seconds in a block, at most; it ends at the quietest moment of its second half."""


class BadRecording(ConfigError):
    """A file that holds no sound, or only the beginning of some; says what to do."""


@dataclass(frozen=True)
class About:
    """What a file says of itself: `seconds` (0 if it does not) and samples a second."""

    seconds: float
    rate: int


def about(file: Path) -> About:
    """Raises `BadRecording`."""
    with _opened(file) as container:
        stream = container.streams.audio[0]
        return About((container.duration or 0) / 1e6, stream.rate or 0)


def blocks(file: Path, longest: float = BLOCK) -> Iterator[Audio]:
    """The sound of `file`, mono, at `RATE`, one block after the other.

    Raises `BadRecording`, after what could be read of a file that is damaged further on.
    """
    held = np.zeros(0, np.float32)
    try:
        for piece in _decoded(file):
            held = np.concatenate([held, piece])
            while len(held) > longest * RATE:
                first = split_at_quiet(Audio(held[: int(longest * RATE) + 1], RATE), longest)[0]
                yield first
                held = held[len(first.samples) :]
    except BadRecording:
        yield from _rest(held)
        raise
    yield from _rest(held)


def whole(file: Path) -> Audio:
    """All of a file that is short. Raises `BadRecording`."""
    return Audio(np.concatenate([block.samples for block in blocks(file)]), RATE)


def _rest(held: np.ndarray) -> Iterator[Audio]:
    if len(held):
        yield Audio(held, RATE)


def _decoded(file: Path) -> Iterator[np.ndarray]:
    import av  # noqa: PLC0415  only those who make a voice have it
    from av.error import FFmpegError  # noqa: PLC0415

    some = False
    with _opened(file) as container:
        # all channels as they are: FFmpeg's own mono is louder
        resampler = av.AudioResampler(format="fltp", rate=RATE)
        try:
            for frame in container.decode(audio=0):
                for ready in resampler.resample(frame):
                    some = True
                    yield ready.to_ndarray().mean(axis=0)
            for ready in resampler.resample(None):
                yield ready.to_ndarray().mean(axis=0)
        except (FFmpegError, OSError) as error:
            what = "is damaged; what comes before was used" if some else "cannot be read"
            raise BadRecording(f"{file.name} {what} ({error.strerror or error})") from error
    if not some:
        raise BadRecording(f"{file.name} is empty")


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    import av  # noqa: PLC0415
    from av.error import FFmpegError  # noqa: PLC0415

    try:
        container = av.open(str(file), metadata_errors="ignore")
    except (FFmpegError, OSError) as error:
        raise BadRecording(f"{file.name} is no sound file that can be read ({error.strerror or error})") from error
    with container:
        if not container.streams.audio:
            raise BadRecording(f"{file.name} holds no sound")
        yield container
