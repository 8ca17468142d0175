"""The painted skin under a head: which of the sources, mixed how, and in what colour.

Twelve skins share one layout, painted by different hands in different casts. A person's age and gender choose the
painting (folds, stubble, the shave of the scalp), and each is brought to one tone before it is mixed, so that the
colour is ours to choose: from the origins, or from a photo.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from digiclone.avatar.assets import SKINS, Assets
from digiclone.avatar.human import Human
from digiclone.avatar.texture import Color, Pixels, color, encoded, linear, luminance, triple

# sRGB of evenly lit cheeks; between origins the light is mixed.
TONES: Mapping[str, Color] = {
    "caucasian": (0.94, 0.742, 0.638),
    "asian": (0.92, 0.745, 0.63),
    "african": (0.44, 0.285, 0.21),
}
# Ages at which a painting is all young, all middle-aged and all old.
AGES: tuple[tuple[float, str], ...] = ((32.0, "young"), (52.0, "middleage"), (76.0, "old"))
# Tones darker than the first are painted on dark skins, lighter than the second on light ones; luminance.
DARK, LIGHT = 0.33, 0.55
# Both cheeks in the base layout: left, top, right, bottom in 0..1 from the top left.
CHEEKS = ((0.865, 0.435, 0.90, 0.485), (0.865, 0.543, 0.90, 0.593))


def tone_of(human: Human) -> Color:
    """The usual colour of this person's skin."""
    mixed = sum(share * linear(TONES[origin]) for origin, share in human.origins.items())
    return triple(encoded(np.asarray(mixed, dtype=np.float32)))


def skin_shares(human: Human, tone: Color) -> dict[str, float]:
    """Archive member of a skin -> its share; they sum to 1."""
    ages, names = zip(*AGES, strict=True)
    by_age = {name: float(np.interp(human.age, ages, np.eye(len(ages))[i])) for i, name in enumerate(names)}
    dark = float(np.clip((LIGHT - luminance(color(tone))) / (LIGHT - DARK), 0, 1))
    shares = {
        SKINS[age, gender, shade]: age_share * gender_share * shade_share
        for age, age_share in by_age.items()
        for gender, gender_share in {"female": 1 - human.gender, "male": human.gender}.items()
        for shade, shade_share in {"light": 1 - dark, "dark": dark}.items()
    }
    return {member: share for member, share in shares.items() if share > 0}


def painted_skin(loaded: Assets, shares: Mapping[str, float], tone: Color) -> Pixels:
    """The mixed skin (H, W, 3) in the base layout; its cheeks have the colour `tone`."""
    mixed = sum(share * _toned(loaded.picture(member), tone) for member, share in shares.items())
    return np.asarray(mixed, dtype=np.float32)


def _toned(skin: Pixels, tone: Color) -> Pixels:
    height, width = skin.shape[:2]
    cheeks = [
        skin[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]
        for left, top, right, bottom in CHEEKS
    ]
    usual = np.median(np.concatenate([cheek.reshape(-1, 3) for cheek in cheeks]), axis=0)
    return encoded(linear(skin) * (linear(tone) / linear(usual.astype(np.float32))))
