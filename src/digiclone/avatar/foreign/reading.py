"""What the names of an avatar's morph targets mean, all read together: some mean something only beside others."""

from dataclasses import dataclass
from functools import cache

from digiclone.avatar.foreign.names import Side, Words, repair, words
from digiclone.avatar.foreign.vocabulary import CC3, MARKS, NOISE, OPPOSITE, PHONES, PHRASES, SOUNDS

SURE = 0.5
"""Words too many, up to which a name means what the rest of it says."""
MOST_EXTRA = 1.5
"""Words too many, from which on it does not."""
ENOUGH_SOUNDS = 3
"""So many targets must be called by sounds alone, as `A`, `I`, `U`, before one of them is believed to be one."""
_BARE = SOUNDS | {sound for recipe in CC3.values() for sound in recipe} | set("abcdefghx")
_VOWELS = frozenset(sound for name in ("aa", "E", "I", "O", "U") for sound in PHONES[name])

Phrase = tuple[frozenset[str], Side]


@dataclass(frozen=True, slots=True)
class Meant:
    """A target that says a phrase, and how many words more."""

    target: str
    side: Side
    extra: float


@dataclass(frozen=True, slots=True)
class Reading:
    """`sounds`: sound -> target. `plain`: lower-case name -> target. `looks`: (where to, which eye) -> target.
    `said`: phrase -> the targets that say it."""

    sounds: dict[str, str]
    plain: dict[str, str]
    looks: dict[tuple[str, str], str]
    said: dict[Phrase, list[Meant]]

    def namesake(self, shape: str) -> str | None:
        """The target that is called as we call `shape`, whatever the case, separators and sides look like."""
        return self.plain.get(shape.lower())

    def find(self, concept: str, side: Side | None = None) -> tuple[dict[str, float], bool]:
        """The targets that together are `concept` of `PHRASES`, and whether that is sure.

        `side` None: of any side, and both if it has halves.
        """
        best: tuple[float, dict[str, float]] = MOST_EXTRA + 1, {}
        for alternative in _alternatives(concept):
            parts = [
                _nearest(self.said.get(phrase, []), side if not phrase[1] else phrase[1]) for phrase in alternative
            ]
            if not all(parts):
                continue
            extra = max(meant.extra for part in parts for meant in part)
            if extra < best[0]:
                best = extra, {meant.target: 1.0 for part in parts for meant in part}
        return best[1], best[0] <= SURE


def read(targets: tuple[str, ...]) -> Reading:
    """Reads all names."""
    reading = Reading({}, {}, {}, {})
    sounds = {target: sound for target in targets if (sound := _marked(words(target)))}
    bare = {target: sound for target in targets if (sound := "".join(words(target).raw)) in _BARE}
    if len(bare) >= ENOUGH_SOUNDS:
        sounds = bare | sounds
    for target, sound in sounds.items():
        reading.sounds.setdefault(sound, target)
    for target in targets:
        if target not in sounds:
            _take(reading, target)
    return reading


def _marked(name: Words) -> str:
    """The sound that a name such as `viseme_aa` says it is; empty for other names."""
    marks = [i for i, word in enumerate(name.raw[:-1]) if word in MARKS]
    if not marks:
        return ""
    sound = "".join(word for word in name.raw[marks[-1] + 1 :] if not word.isdigit())
    if name.raw[marks[-1]] in ("mouth", "mth"):  # mouth_R is the right of it
        return sound if sound in _VOWELS else ""
    return sound if sound in _BARE else ""


def _take(reading: Reading, target: str) -> None:
    name = words(target)
    spoken = tuple(word for word in name.words if word not in NOISE and not word.isdigit()) or name.words
    for start in range(len(name.raw)):
        reading.plain.setdefault(_plain(name.raw[start:]), target)
    if "look" in spoken and {"left", "right"} & set(name.raw) | {"l", "r"} & set(name.raw):
        eye = name.side if name.turned else ""
        if not {"up", "down", "in", "out"} & set(spoken):
            reading.looks.setdefault((name.turned or name.side, eye), target)
            return
    if not OPPOSITE & set(spoken):
        for phrase, extra in _said(name):
            reading.said.setdefault(phrase, []).append(Meant(target, name.side, extra))


def _plain(raw: tuple[str, ...]) -> str:
    """`EyeBlink_L` as `eyeblinkleft`."""
    full = {"l": "left", "r": "right"}
    kept = [full.get(word, word) if i else word for i, word in enumerate(raw)]
    while len(kept) > 1 and (kept[-1].isdigit() or kept[-1] in ("div", "max")):
        kept.pop()
    return "".join(kept)


def _said(name: Words) -> list[tuple[Phrase, float]]:
    """The phrase that a name says with the fewest words more; several of the same words."""
    known, index = _vocabulary()
    spoken = [repair(word, known) for word in name.words]
    numbered = {word for word in spoken if not word.isdigit()}
    best: list[tuple[Phrase, float]] = []
    for phrase in {phrase for word in spoken for phrase in index.get(word, ())}:
        wanted, side = phrase
        if not wanted <= set(spoken) or (side and side != name.side):
            continue
        if (extra := _extra(wanted, numbered, bool(side))) > MOST_EXTRA:
            continue
        if not best or (extra, -len(wanted)) <= (best[0][1], -len(best[0][0][0])):
            if best and (extra, -len(wanted)) < (best[0][1], -len(best[0][0][0])):
                best = []
            best.append((phrase, extra))
    return best


def _extra(wanted: frozenset[str], spoken: set[str], sided: bool) -> float:
    more = spoken - wanted
    unknown = [word for word in more if word not in NOISE]
    if (len(wanted) == 1 or sided) and unknown:
        return MOST_EXTRA + 1  # one word among others says too little
    return len(unknown) + 0.01 * (len(more) - len(unknown))


def _nearest(meant: list[Meant], side: Side | None) -> list[Meant]:
    """Those with the fewest words more, one for each side; of a whole and its halves the whole."""
    of_side = [m for m in meant if side is None or m.side == side]
    least: dict[Side, Meant] = {}
    for m in sorted(of_side, key=lambda m: m.extra):
        least.setdefault(m.side, m)
    if not least:
        return []
    if "" in least:
        return [least[""]]
    return list(least.values())


@cache
def _alternatives(concept: str) -> tuple[tuple[Phrase, ...], ...]:
    def phrase(text: str) -> Phrase:
        name = words(text)
        return frozenset(name.words), name.side

    return tuple(tuple(phrase(part) for part in group.split("+")) for group in PHRASES[concept])


@cache
def _vocabulary() -> tuple[frozenset[str], dict[str, list[Phrase]]]:
    """Every word of every phrase, and the phrases by their words."""
    index: dict[str, list[Phrase]] = {}
    for concept in PHRASES:
        for phrase in (phrase for group in _alternatives(concept) for phrase in group):
            for word in phrase[0]:
                if phrase not in index.setdefault(word, []):
                    index[word].append(phrase)
    return frozenset(index), index
