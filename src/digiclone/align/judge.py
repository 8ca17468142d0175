"""How well a bridge understands its person, by sentences that it never learnt from: words that are wrong, and whether
the clone replies as it would have replied to the words themselves; beside it the recogniser whose ears it uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from digiclone.align import score
from digiclone.align.pairs import Pair
from digiclone.align.replies import Replies
from digiclone.bridge import Bridge
from digiclone.measure import intervals
from digiclone.stages import ASR

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Sentence:
    """What was said, as it was understood in both ways, and what was replied to each."""

    name: str
    said: str
    bridge: str
    recogniser: str
    reply: str
    reply_to_bridge: str
    reply_to_recogniser: str


def judge(
    bridge: Bridge, recogniser: ASR, replies: Replies, pairs: Sequence[Pair], words: str, tell: Progress
) -> dict[str, Any]:
    """Figures, each with an interval by sentences, and the sentences themselves. `words`: what was to be understood,
    "cleaned" or "verbatim"."""
    said = [pair.text(words) for pair in pairs]
    heard, usual = list[str | np.ndarray](), list[str]()
    texts = list[str]()
    for number, pair in enumerate(pairs):
        tell("listening", number / len(pairs))
        audio = pair.audio()
        found = bridge.hear(audio)
        texts.append(found.text)
        heard.append(found.text if found.embeddings is None else found.embeddings)
        usual.append(recogniser.transcribe(audio))
    tell("replying", 0.5)
    wanted, ours, theirs = replies.to(said), replies.to(heard), replies.to(usual)
    tell("replying", 0.9)
    others = [*said[1:], said[0]]
    again, wrong = replies.to(said, seed=1), replies.to(others)
    ways = {"bridge": ours, "recogniser": theirs, "ceiling": again, "floor": wrong}
    near = {way: score.near(some, wanted) for way, some in ways.items()}
    rows = zip([pair.name for pair in pairs], said, texts, usual, wanted, ours, theirs, strict=True)
    return {
        "words_wrong": {"bridge": score.words_wrong(said, texts), "recogniser": score.words_wrong(said, usual)},
        "rouge1": {way: _with_interval(found.rouge1) for way, found in near.items()},
        "rougeL": {way: _with_interval(found.rouge_l) for way, found in near.items()},
        "sentences": [asdict(Sentence(*row)) for row in rows],
    }


def _with_interval(values: Sequence[float]) -> list[float]:
    """The mean, and where it lies with a probability of 95 %."""
    return [round(value, 4) for value in (float(np.mean(values)), *intervals.of_many(values))]
