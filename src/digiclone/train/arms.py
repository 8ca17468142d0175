"""The arms of a comparison: ways to few bits that differ in their grids and in what guides them, in nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from digiclone.nn import quantised
from digiclone.train.guides import Guides
from digiclone.train.qat import Recipe

ALONE = Guides(distillation=1.0, temperature=1.0, entropy=0.0, distribution=0.0)
"""The unquantised model teaches, and nothing else: cross-entropy would teach the text's own ways."""


@dataclass(frozen=True)
class Setting:
    """How many bits weights and flows have; `mixed`: the share of tokens that flow in 8 bits while the others do in 4;
    and how keys and values are kept."""

    weights: int
    flows: int
    mixed: float = 0.0
    cache: Literal["none", "q8_0", "q4_0"] = "none"


SETTINGS = {
    "W8A8": Setting(8, 8),
    "W4A8": Setting(4, 8),
    "W4A4:8": Setting(4, 8, mixed=0.5),
    "W4A4": Setting(4, 4),
}
SETTINGS |= {
    f"{name}, cache {bits}": replace(one, cache=f"q{bits}_0") for name, one in SETTINGS.items() for bits in (8, 4)
}

_LSQ = quantised.Recipe(weights="lsq", flows="lsq")
_MINMAX = quantised.Recipe(weights="minmax", flows="minmax")
_GUIDED = replace(ALONE, entropy=0.5, distribution=1.0)
ARMS: dict[str, tuple[quantised.Recipe, Guides]] = {
    "rtn": (_MINMAX, ALONE),
    "pact": (replace(_MINMAX, flows="pact"), ALONE),
    "llm-qat": (_MINMAX, ALONE),
    "lsq": (_LSQ, ALONE),
    "edgeqat": (_LSQ, _GUIDED),
    "entropy": (_LSQ, replace(_GUIDED, distribution=0.0)),
    "distribution": (_LSQ, replace(_GUIDED, entropy=0.0)),
    "edgeqat, a hundredth": (_LSQ, replace(ALONE, entropy=0.005, distribution=0.01)),
    "lsq, printed loss": (_LSQ, Guides(entropy=0.0, distribution=0.0)),
    "edgeqat, printed loss": (_LSQ, Guides()),
    "edgeqat, printed sign": (_LSQ, replace(_GUIDED, distribution_form="paper")),
    "edgeqat, printed start": (replace(_LSQ, printed_start=True), _GUIDED),
}
"""rtn                     rounding to the nearest, nothing learnt
pact                    what flows has a bound that learns
llm-qat                 grids by the numbers themselves, each time (Liu et al. 2023)
lsq                     steps that learn: what EdgeQAT's authors call LLM-QAT
edgeqat                 the same, with entropy and distribution
entropy, distribution   with one of both
edgeqat, a hundredth    with a hundredth of what the paper lets them count
… printed loss          half of it the text itself, the teacher at a temperature of 2, as the paper has it
edgeqat, printed sign   with the distribution loss of equation 13, whose sign is wrong
edgeqat, printed start  with first steps of 2 E|x| / sqrt(largest code)"""
DEPLOYED = quantised.Recipe(weights="q4_0", flows="q8_0", parts=frozenset({"inputs"}))
"""What llama.cpp computes: blocks of 32, weights in 4 bits, inputs of matrices in 8; attention in 16 and more."""


def recipe(arm: str, setting: Setting, steps: int, seed: int) -> Recipe:
    """Of an arm in a setting. Raises `KeyError` for an arm that there is not."""
    grids, guides = ARMS[arm]
    grids = replace(
        grids, weight_bits=setting.weights, flow_bits=setting.flows, mixed=setting.mixed, cache=setting.cache
    )
    return Recipe(grids, guides, steps=0 if arm == "rtn" else steps, seed=seed)


def deployed(
    weights: Literal["q4_0", "q8_0"], steps: int, seed: int = 0, cache: Literal["none", "q8_0", "q4_0"] = "none"
) -> Recipe:
    """Of a model for the engine, which may keep keys and values in few bits."""
    return Recipe(replace(DEPLOYED, weights=weights, cache=cache), ALONE, steps=steps, seed=seed)
