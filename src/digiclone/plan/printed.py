"""tinyDigiClones, section III-D, as it is printed: the estimate of a language model's time, and Algorithms 2 and 3.

Kept to compare with. As printed, Algorithm 2 prefers a model without any valid configuration, and Algorithm 3 takes the
smallest configuration in either mode, the paper's own Table IV does not (docs/papers/tinydigiclones.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

C = TypeVar("C", bound=Hashable)


def token_seconds(bytes_per_parameter: float, parameters: float, bandwidth: float) -> float:
    """t_token = BP * P / BW: seconds to write a token, all weights being read once; `bandwidth` in bytes a second."""
    return bytes_per_parameter * parameters / bandwidth


def prefill_seconds(prompt: float, parameters: float, flops: float, flops_per_parameter: float = 2.0) -> float:
    """t_prefill = N_prompt * FP * P / TF: seconds to read a prompt of so many tokens; `flops` a second."""
    return prompt * flops_per_parameter * parameters / flops


def total_seconds(prefill: float, tokens: float, token: float) -> float:
    """T_total = t_prefill + N_completion * t_token."""
    return prefill + tokens * token


def fewest_choices(models: Mapping[str, Sequence[C]], valid: Callable[[C], bool]) -> str | None:
    """Algorithm 2: the model with the fewest valid configurations. One that has none at all wins."""
    least, selected = math.inf, None
    for model, configs in models.items():
        choices = sum(valid(config) for config in configs)
        if choices < least:
            least, selected = choices, model
    return selected


def least_constraining(configs: Sequence[C], cost: Callable[[C], float]) -> C | None:
    """Algorithm 3: the configuration with the least impact, `cost` being its execution impact in real-time mode and its
    resource impact in accuracy mode; the printed loop is the same for both."""
    least, selected = math.inf, None
    for config in configs:
        if cost(config) < least:
            least, selected = cost(config), config
    return selected


def choose(models: Mapping[str, Sequence[C]], valid: Callable[[C], bool], cost: Callable[[C], float]) -> dict[str, C]:
    """Figure 11: model after model by Algorithm 2, a configuration of each by Algorithm 3, of the valid ones.

    A model that has none is left out; the flowchart does not say what then.
    """
    left, chosen = dict(models), dict[str, C]()
    while (model := fewest_choices(left, valid)) is not None:
        configs = left.pop(model)
        if (config := least_constraining([one for one in configs if valid(one)], cost)) is not None:
            chosen[model] = config
    return chosen
