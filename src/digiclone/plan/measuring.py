"""Measures this machine for the planner: `digiclone bench llm`, `asr` and `tts`. What comes out is a `Measured`."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digiclone import registry, weights
from digiclone.config import ConfigError
from digiclone.listen import Patience
from digiclone.measure import engine, hearing, speaking, talk
from digiclone.plan import calibrate, catalogue, shaped
from digiclone.plan.calibrate import Sample
from digiclone.plan.measured import Ears, Measured, Mouth

Progress = Callable[[str, float], None]
MADE_UP = (
    ("smollm2-135m-instruct", "Q8_0"),
    ("smollm2-135m-instruct", "Q4_0"),
    ("smollm2-135m-instruct", "F16"),
    ("qwen2.5-0.5b-instruct", "Q8_0"),
    ("qwen2.5-0.5b-instruct", "Q4_0"),
    ("qwen2.5-0.5b-instruct", "F16"),
)
"""Architectures and formats from which the rates of a machine are found: small and large enough to tell the constants
of a step from what weights cost."""
JOBS = ((48, 16), (256, 16), (768, 16))
"""Tokens that are read, and written after them."""
CONTEXT = 1024
NOTHING = ("asr.backend=script", "llm.backend=echo", "tts.backend=tone")
"""Parts without weights."""
SOUNDS = (1.5, 3.0, 6.0, 12.0)
"""Seconds of speech that a recogniser writes down."""
TEN_WORDS = (
    "I would like to hear what you think about it.",
    "We could walk down to the water after the rain.",
    "She said that the last train leaves at half past ten.",
    "It takes me two hours to get there by bicycle.",
    "My brother keeps bees behind the house in the woods.",
)

LONGEST = (
    "Whoever wants to know how much memory a voice takes has to let it say a phrase as long as any that a clone says"
    " in one breath and that is forty words long and ends only here, after that."
)
"""`text.phrases.MOST_WORDS` of them."""


@dataclass(frozen=True)
class Taken:
    """A made-up model and what was measured of it."""

    model: str
    sample: Sample


def models(
    named: Sequence[tuple[str, str]], threads: Sequence[int], jobs: Sequence[tuple[int, int]], tell: Progress
) -> Iterator[Taken]:
    """Measure made-up models, with each number of threads. Raises `alone.NotMeasured`."""
    done, count = 0, len(named) * len(threads)
    with tempfile.TemporaryDirectory(prefix="digiclone-") as folder:
        for model, form in named:
            row, file = catalogue.language_models()[model], Path(folder) / f"{model}.{form}.gguf"
            tell(f"making up {model} {form}", done / count)
            shaped.write(row.shape, form, file)
            for n in threads:
                tell(f"{model} {form}, {n} thread{'s' * (n > 1)}", done / count)
                found = engine.measure(file, n, CONTEXT, jobs)
                yield Taken(model, Sample(row.shape, form, file.stat().st_size, found))
                done += 1
            file.unlink()


def llm(known: Measured, cores: int, bandwidth: float, tell: Progress) -> tuple[Measured, list[Taken]]:
    """The rates of the engine on this machine, and what they were found from."""
    taken = list(models(MADE_UP, sorted({1, cores}), JOBS, tell))
    rates = calibrate.rates([one.sample for one in taken], known.flops, bandwidth)
    return _with(known, "llm").model_copy(update={"rates": rates}), taken


def asr(known: Measured, cores: int, tell: Progress) -> Measured:
    """Recognisers whose packages and weights are here."""
    found, rows = dict(known.asr), list(_present("asr"))
    for number, (code, backend, model) in enumerate(rows):
        tell(code, number / len(rows))
        one = hearing.hearing(backend, {"model": model, "threads": 1}, SOUNDS)
        many = hearing.hearing(backend, {"model": model, "threads": cores}, (*SOUNDS, Patience().longest))
        window = next((row.window_s for row in catalogue.recognisers().values() if row.code == code), 0.0)
        found[code] = Ears(
            line=calibrate.line(one.each, window),
            scaling=scaling([took for _, took in one.each], [took for _, took in many.each[: len(SOUNDS)]], cores),
            memory_mb=many.memory_mb,
        )
    return _with(known, "asr").model_copy(update={"asr": found})


def tts(known: Measured, cores: int, tell: Progress) -> Measured:
    """Voices whose packages and weights are here."""
    found, rows = dict(known.tts), [*_present("tts"), *_shipped_voices()]
    for number, (code, backend, model) in enumerate(rows):
        tell(code, number / len(rows))
        options = catalogue.voice(backend, model)
        one = speaking.pace(backend, {**options, "threads": 1}, TEN_WORDS)
        many = speaking.pace(backend, {**options, "threads": cores}, (*TEN_WORDS, LONGEST))
        found[code] = Mouth(
            first_s=one.first_audio_s,
            rtf=one.rtf,
            scaling=scaling([took for took, _ in one.each], [took for took, _ in many.each[: len(TEN_WORDS)]], cores),
            memory_mb=many.memory_mb,
        )
    return _with(known, "tts").model_copy(update={"tts": found})


def server(known: Measured, tell: Progress) -> Measured:
    """What the server takes by itself."""
    tell("a talk with parts that take nothing", 0.0)
    taken = {"server_mb": float(round(talk.memory(list(NOTHING)))), "turn_s": hearing.deciding()}
    return _with(known, "server").model_copy(update=taken)


def scaling(alone: Sequence[float], together: Sequence[float], threads: int) -> float:
    """The power of the number of threads by which they are quicker than one, at the median of the same work; none, if
    they are not."""
    if threads == 1:
        return 0.9
    powers = [math.log(one / many) / math.log(threads) for one, many in zip(alone, together, strict=True)]
    return float(np.clip(np.median(powers), 0.0, 1.0))


def _with(known: Measured, kind: str) -> Measured:
    """Known as measured here from now on."""
    kinds = tuple(one for one in ("llm", "asr", "tts", "server") if one in (*known.here, kind))
    return known.model_copy(update={"here": kinds})


def _present(kind: str) -> Iterator[tuple[str, str, str]]:
    """(kind:backend:model, backend, model) of the models that are here. Raises `ConfigError` if there are none."""
    found = False
    for one, backend, model, _ in registry.models():
        if one == kind and all(map(weights.present, model.files)):
            found = True
            yield f"{kind}:{backend}:{model.name}", backend, model.name
    if not found:
        raise ConfigError(f"there is no {kind} model on this machine; get some: digiclone setup")


def _shipped_voices() -> Iterator[tuple[str, str, str]]:
    from digiclone.tts.glow import SHIPPED  # noqa: PLC0415

    for folder in sorted(SHIPPED.glob("*/voice.toml")):
        yield f"tts:glow:{folder.parent.name}", "glow", folder.parent.name
