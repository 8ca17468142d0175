"""Judges who come together: an election names the panel (`panel = "humour styles"`) in place of each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from digiclone.config import ConfigError, nearest

STYLES = {
    "affiliative": "You love humour that brings people together: friendly banter, funny stories, harmless wit.",
    "self-enhancing": "You love humour that keeps one's spirits up: seeing what is amusing in life, even in trouble.",
    "aggressive": "You love humour with a sting: sarcasm, teasing, ridicule, jokes at the expense of others.",
    "self-defeating": "You love humour at one's own expense: people who make fun of their own flaws and failures.",
}
"""The four humour styles of Martin et al. 2003, as Crowd Score (Goes et al. 2022) has them vote."""
CROWD = {
    "young city liberal": "You are 24, live in a big city, vote for the left, and like irony and pop music.",
    "young country conservative": "You are 27, live in the country, vote for the right, and like hunting and rodeos.",
    "middle-aged centrist": "You are 46, have two children and a mortgage, vote for the centre, and like plain words.",
    "old conservative": "You are 71, retired from the army, vote for the right, and like good manners.",
    "old liberal": "You are 68, retired from teaching, vote for the left, and like books and long talks.",
    "apolitical worker": "You are 38, drive a lorry, do not vote, and like football and a good joke.",
}
"""A balanced crowd for favourability: ages, places, politics, tastes."""
KNOWING = {
    "a friend": "You have known this person for twenty years and would know their way of talking anywhere.",
    "a colleague": "You work with this person every day and hear them explain, joke and complain.",
    "a biographer": "You have read everything that this person ever wrote and said.",
}
"""Judges of authenticity, who must be given something that the person said."""
PANELS: Mapping[str, tuple[Mapping[str, str], str]] = {
    "humour styles": (STYLES, "humour"),
    "balanced crowd": (CROWD, "favourability"),
    "acquaintances": (KNOWING, "authenticity"),
}
"""By name: who they are, and what they judge unless the election says otherwise."""


def seated(row: Mapping[str, Any], where: str) -> Iterator[dict[str, Any]]:
    """The judge that a row of an election describes, or all of the panel that it names; what else the row says goes
    for each of them. Raises `ConfigError`, naming `where`, for a panel that there is not or that lacks something."""
    if "panel" not in row:
        yield dict(row)
        return
    name = row["panel"]
    if name not in PANELS:
        raise ConfigError(f"{where}: there is no panel {name!r}; {nearest(str(name), list(PANELS))}")
    if own := [key for key in ("name", "personality") if key in row]:
        raise ConfigError(f"{where}: a panel has its own {' and '.join(own)}: leave one of both out")
    people, metric = PANELS[name]
    if people is KNOWING and not row.get("samples"):
        raise ConfigError(f"{where}: {name} must know the person: samples = a file with what they said")
    for who, personality in people.items():
        yield {
            "name": who,
            "personality": personality,
            "metrics": [metric],
            **{key: value for key, value in row.items() if key != "panel"},
        }
