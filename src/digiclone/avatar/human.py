"""A person out of shape targets.

MakeHuman describes a body by a few numbers. Corner cases of those numbers are sculpted as targets ("asian male old"),
and a person is their multilinear mix; `macro_weights` is that formula (MakeHuman's `macro.json`). On top come
`features`: single targets of the face, by name and amount.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from digiclone.avatar.assets import feature_target, macro_target
from digiclone.avatar.mesh import Floats, read_target

YOUNG_YEARS, OLD_YEARS = 25.0, 90.0


@dataclass(frozen=True)
class Human:
    """An adult. `gender` 0 (female) to 1 (male); `age` 25 to 90 years.

    `muscle`, `weight` and `height` go from 0 to 1 with 0.5 average; `height` has no unit, see `body` for centimetres.
    `origins` are the shares of the three sculpted origins and sum to 1. `features` maps a feature target, such as
    ``mouth/mouth-angles-up``, to how much of it (1 = as sculpted).
    """

    gender: float = 0.0
    age: float = 32.0
    muscle: float = 0.5
    weight: float = 0.5
    height: float = 0.5
    origins: Mapping[str, float] = field(
        default_factory=lambda: {"caucasian": 0.6, "asian": 0.25, "african": 0.15},
    )
    features: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        for name in ("gender", "muscle", "weight", "height"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it goes from 0 to 1")
        if not YOUNG_YEARS <= self.age <= OLD_YEARS:
            raise ValueError(f"age is {self.age}; adults from {YOUNG_YEARS:.0f} to {OLD_YEARS:.0f} years are sculpted")
        if abs(sum(self.origins.values()) - 1) > 1e-6:
            raise ValueError(f"origins sum to {sum(self.origins.values())}, not to 1")


def _between(value: float, low: str, middle: str, high: str) -> dict[str, float]:
    """Linear shares of three corners for a value in 0..1 whose middle corner sits at 0.5."""
    side = abs(value - 0.5) * 2
    return {middle: 1 - side, (high if value > 0.5 else low): side}


def macro_weights(human: Human) -> dict[str, float]:
    """Macro target name -> amount, zeros left out."""
    old = (human.age - YOUNG_YEARS) / (OLD_YEARS - YOUNG_YEARS)
    weights: dict[str, float] = {}
    for gender, gender_share in {"female": 1 - human.gender, "male": human.gender}.items():
        for age, age_share in {"young": 1 - old, "old": old}.items():
            share = gender_share * age_share
            for origin, origin_share in human.origins.items():
                weights[f"{origin}-{gender}-{age}"] = share * origin_share
            for muscle, muscle_share in _between(human.muscle, "minmuscle", "averagemuscle", "maxmuscle").items():
                for weight, weight_share in _between(human.weight, "minweight", "averageweight", "maxweight").items():
                    name = f"universal-{gender}-{age}-{muscle}-{weight}"
                    weights[name] = share * muscle_share * weight_share
                    tall = f"height/{name.removeprefix('universal-')}-{'max' if human.height > 0.5 else 'min'}height"
                    weights[tall] = weights[name] * abs(human.height - 0.5) * 2
    return {name: weight for name, weight in weights.items() if weight > 0}


def target_weights(human: Human) -> dict[str, float]:
    """Archive member -> amount: everything that shapes this person."""
    macros = {macro_target(name): weight for name, weight in macro_weights(human).items()}
    return macros | {feature_target(name): weight for name, weight in human.features.items() if weight}


def shape(base: Floats, human: Human, read: Callable[[str], bytes]) -> Floats:
    """The person's vertices (V, 3) dm: the base mesh plus weighted targets, `read` giving a member's bytes."""
    vertices = base.copy()
    for member, weight in target_weights(human).items():
        vertices += weight * read_target(read(member), len(base))
    return vertices
