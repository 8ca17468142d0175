"""The rates of a machine from what was measured on it: the numbers under which the cost model errs least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, nnls

from digiclone.measure.engine import Engine
from digiclone.plan import cost
from digiclone.plan.cost import Line, Rates, Shape

USUAL = Rates(
    reach=0.8, layer_s=2e-5, sync_s=2e-4, step_s=5e-4,
    writing={"F16": 3.0, "Q8_0": 3.0, "Q4_0": 3.0}, reading={"F16": 2.0, "Q8_0": 1.5, "Q4_0": 1.5},
    scaling=0.9, looking=10.0, engine_bytes=1e8, buffer_bytes=4.0,
)  # fmt: skip
"""Where the search for better ones begins."""
LOOSE = 0.1
"""How much it counts, beside a measurement, that a rate is the usual one: it decides where nothing else does."""


@dataclass(frozen=True)
class Sample:
    """A model in a format, the bytes of its file, and what was measured of it."""

    shape: Shape
    form: str
    weights: float
    engine: Engine


def rates(samples: Sequence[Sample], flops: float, bandwidth: float) -> Rates:
    """Those of a machine, one thread of which does `flops` operations a second and all of which read `bandwidth` bytes.

    Least squares of the logarithms of time: to be wrong by a tenth counts alike for all.
    """
    forms = sorted({sample.form for sample in samples})
    begin = np.log(_numbers(USUAL, forms))

    def errors(logs: NDArray[np.float64]) -> NDArray[np.float64]:
        now = _rates(np.exp(logs), forms)
        found = [error for sample in samples for error in _errors(sample, now, flops, bandwidth)]
        return np.array([*found, *(LOOSE * (logs - begin))])

    best = least_squares(errors, begin, method="trf").x
    return _rates(np.exp(best), forms).model_copy(update=memory(samples))


def memory(samples: Sequence[Sample]) -> dict[str, Any]:
    """Bytes of the engine with nothing in it, of its buffers for each number of the widest vector in a batch, and of
    the copies that it makes of the weights in some formats: least squares, none of them below nothing. Of F16 it makes
    none; without it nothing could be told apart."""
    forms = sorted({one.form for one in samples} - {PLAIN})
    over = [one.engine.memory - one.weights - one.engine.context * one.shape.cache_bytes for one in samples]
    wide = [float(BATCH * max(one.shape.inner, one.shape.vocabulary)) for one in samples]
    layers = [[one.shape.layers * one.shape.layer_weights * (one.form == form) for form in forms] for one in samples]
    if len(set(wide)) == 1 or PLAIN not in {one.form for one in samples}:
        constant = max(0.0, max(over) - USUAL.buffer_bytes * wide[0])
        return {"engine_bytes": constant, "buffer_bytes": USUAL.buffer_bytes}
    design = np.column_stack([np.full(len(wide), 1e8), wide, layers])
    (engine, buffer, *copies), _ = nnls(design, np.array(over))
    return {
        "engine_bytes": 1e8 * float(engine),
        "buffer_bytes": float(buffer),
        "copied": {form: round(float(copy), 3) for form, copy in zip(forms, copies, strict=True) if copy > 0.05},
    }


PLAIN = "F16"
BATCH = 512
"""Tokens that the engine reads at once."""


def line(measured: Sequence[tuple[float, float]], window: float = 0.0) -> Line:
    """Seconds of computing by seconds of sound, from such pairs: (sound, computing)."""
    sound, took = np.array(measured, float).T
    count = np.ceil(sound / window) if window else np.ones_like(sound)
    weights = 1 / took
    design = np.stack([count, sound], axis=1) * weights[:, None]
    constant, per_second = np.linalg.lstsq(design, took * weights, rcond=None)[0]
    if constant < 0 or per_second < 0:  # too little was measured to tell one from the other
        constant, per_second = (
            (0.0, float(np.mean(took / sound))) if constant < 0 else (float(np.mean(took / count)), 0.0)
        )
    return Line(constant=float(constant), per_second=float(per_second), window=window)


def _errors(sample: Sample, now: Rates, flops: float, bandwidth: float) -> list[float]:
    engine, found = sample.engine, list[float]()
    for run in engine.runs:
        write = cost.write_s(sample.shape, sample.form, sample.weights, run.past, engine.threads, flops, bandwidth, now)
        found.append(float(np.log(write / run.token_s)))
        found.append(
            float(np.log(cost.read_s(sample.shape, sample.form, run.prompt, engine.threads, flops, now) / run.read_s))
        )
    return found


def _numbers(one: Rates, forms: Sequence[str]) -> NDArray[np.float64]:
    usual = [one.reach, one.layer_s, one.step_s, one.scaling, one.looking, one.sync_s]
    by_form = [table.get(form, 3.0) for table in (one.writing, one.reading) for form in forms]
    return np.array([*usual, *by_form])


def _rates(numbers: NDArray[np.float64], forms: Sequence[str]) -> Rates:
    reach, layer, step, scaling, looking, sync = numbers[:6].tolist()
    writing, reading = (dict(zip(forms, some.tolist(), strict=True)) for some in np.split(numbers[6:], 2))
    return Rates(
        reach=min(reach, 1.5), layer_s=layer, step_s=step, scaling=min(scaling, 1.0), looking=looking,
        sync_s=sync,         writing=writing, reading=reading,
    )  # fmt: skip
