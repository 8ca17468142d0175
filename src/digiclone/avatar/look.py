"""What a person may choose: hair, colours, clothes, body. A clone's `avatar.toml` keeps it as its `[look]` table.

"auto" is not a look: whoever has a photo resolves it first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from digiclone.avatar.assets import BROWS
from digiclone.config import Strict, nearest

NONE = "none"

HAIR_LABELS = {
    NONE: "Shaved",
    "short01": "Short curls",
    "short02": "Short waves",
    "short03": "Short, over one eye",
    "short04": "Short, brushed up",
    "bob01": "Bob, over one eye",
    "bob02": "Bob, side fringe",
    "long01": "Long",
    "ponytail01": "Ponytail",
    "afro01": "Afro",
    "braid01": "Braid",
}
CLOTHES_LABELS = {
    "female_casualsuit01": "T-shirt, fitted",
    "female_casualsuit02": "T-shirt, fine",
    "female_elegantsuit01": "Blouse",
    "male_casualsuit01": "Linen shirt",
    "male_casualsuit02": "Jumper",
    "male_casualsuit03": "Shirt",
    "male_casualsuit04": "T-shirt, high neck",
    "male_casualsuit05": "Jacket over a shirt",
    "male_casualsuit06": "T-shirt",
    "male_elegantsuit01": "Suit and tie",
    "male_worksuit01": "Dungarees",
}
HAIR_COLOURS = {
    "black": "#17130f", "dark brown": "#35241a", "brown": "#4e372a", "chestnut": "#63402b", "auburn": "#6b3524",
    "red": "#8b4a2b", "dark blond": "#857051", "blond": "#ad9670", "light blond": "#ccb991", "platinum": "#e0d6c2",
    "grey": "#8f8c88", "white": "#e4e2de",
}  # fmt: skip
EYE_COLOURS = {
    "dark brown": "#3b2314", "brown": "#5e3c1f", "hazel": "#7b5a2e", "amber": "#9a6a2c", "green": "#5f7747",
    "grey green": "#71806c", "grey": "#7d8a92", "blue": "#55789c", "light blue": "#83a5c0",
}  # fmt: skip
CLOTHES_COLOURS = {
    "slate": "#334557", "navy": "#1f2a44", "black": "#1b1b1d", "charcoal": "#3a3b3f", "grey": "#84878c",
    "white": "#e8e6e1", "sand": "#b59e7d", "olive": "#565c3b", "forest": "#23473a", "teal": "#1f5f66",
    "wine": "#5f1f2e", "rust": "#98482a",
}  # fmt: skip


def _one_of(kind: str, known: dict[str, str]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in known:
            hint = nearest(value, sorted(known))
            raise PydanticCustomError("unknown_name", "no {kind} of that name; {hint}", {"kind": kind, "hint": hint})
        return value

    return AfterValidator(check)


def _hexadecimal(value: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise PydanticCustomError("not_a_colour", "a colour is # and six hexadecimal digits, such as #55392a")
    return value.lower()


Colour = Annotated[str, AfterValidator(_hexadecimal)]


@dataclass(frozen=True)
class Range:
    """What a number of `Body` means and how far it goes."""

    label: str
    low: float
    high: float
    step: float
    unit: str = ""


BODY = {
    "height": Range("Height", 140, 210, 1, "cm"),
    "weight": Range("Weight", 0, 1, 0.01),
    "muscle": Range("Muscle", 0, 1, 0.01),
    "age": Range("Age", 25, 90, 1, "years"),
    "gender": Range("Gender, female to male", 0, 1, 0.01),
    "african": Range("African features", 0, 1, 0.01),
    "asian": Range("Asian features", 0, 1, 0.01),
    "caucasian": Range("Caucasian features", 0, 1, 0.01),
}


def _within(name: str) -> Any:
    return Field(default=None, ge=BODY[name].low, le=BODY[name].high, allow_inf_nan=False)


class Body(Strict):
    """The body below a face; what is None stays as the face was fitted, or as the default person has it.

    `height` cm; `age` years; `weight` and `muscle` 0 to 1 with 0.5 average; `gender` 0 female to 1 male; `african`,
    `asian`, `caucasian` are shares, of which only the proportions count.
    """

    height: float | None = _within("height")
    weight: float | None = _within("weight")
    muscle: float | None = _within("muscle")
    age: float | None = _within("age")
    gender: float | None = _within("gender")
    african: float | None = _within("african")
    asian: float | None = _within("asian")
    caucasian: float | None = _within("caucasian")

    @model_validator(mode="after")
    def _has_an_origin(self) -> Self:
        shares = [share for share in (self.african, self.asian, self.caucasian) if share is not None]
        if shares and not sum(shares):
            raise PydanticCustomError("no_origin", "of african, asian and caucasian at least one must be above 0")
        return self


class Look(Strict):
    """Everything that is chosen and not seen in a photo."""

    hair: Annotated[str, _one_of("hair", HAIR_LABELS)] = "short02"
    hair_colour: Colour = "#432e1f"
    brows: Annotated[str, _one_of("brows", dict.fromkeys(BROWS, ""))] = "brows01"
    eyes: Colour = "#5d4e37"
    clothes: Annotated[str, _one_of("clothes", CLOTHES_LABELS)] = "female_casualsuit01"
    clothes_colour: Colour = CLOTHES_COLOURS["slate"]
    body: Body = Body()


def choices() -> dict[str, Any]:
    """The catalogue for a page: of every field of `Look` its default, and its options, palette or ranges."""
    default = Look()
    brows = {name: f"Brows {number}" for number, name in enumerate(BROWS, 1)}
    return {
        "hair": {"default": default.hair, "options": _options(HAIR_LABELS)},
        "hair_colour": {"default": default.hair_colour, "palette": _palette(HAIR_COLOURS)},
        "brows": {"default": default.brows, "options": _options(brows)},
        "eyes": {"default": default.eyes, "palette": _palette(EYE_COLOURS)},
        "clothes": {"default": default.clothes, "options": _options(CLOTHES_LABELS)},
        "clothes_colour": {"default": default.clothes_colour, "palette": _palette(CLOTHES_COLOURS)},
        "body": {
            name: {"label": r.label, "low": r.low, "high": r.high, "step": r.step, "unit": r.unit, "default": None}
            for name, r in BODY.items()
        },
    }


def _options(labels: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "label": label} for name, label in labels.items()]


def _palette(colours: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "colour": colour} for name, colour in colours.items()]
