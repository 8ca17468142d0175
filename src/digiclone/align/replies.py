"""What a language model replies to words, and to embeddings in the place of words: the two that are compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from digiclone.llama import Llama, embeddings
from digiclone.llm.bridge import Mind, Options
from digiclone.types import Message

PERSONA = Message("system", "You are a friendly person. Answer in one or two sentences.")
TEMPERATURE = 0.1
"""The paper's (section IV)."""
REPLY, CONTEXT = 40, 512
"""Tokens of a reply, and of everything."""


class Replies:
    """Of the model in a GGUF file, always to a first sentence."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.words = Llama(file, 64, threads=1)
        """Its words as tokens, and tokens as words."""
        self._minds: dict[tuple[int, str], Mind] = {}

    @cached_property
    def table(self) -> np.ndarray:
        """(vocabulary, width): the embeddings of its tokens."""
        return embeddings(self.file)

    def rows(self, text: str) -> np.ndarray:
        """A text as embeddings (T, width); one without words is a full stop."""
        return self.table[self.words.tokens(text, marks=False) or self.words.tokens(".")]

    def to(self, said: Sequence[str | np.ndarray], seed: int = 0, instruction: str = "") -> list[str]:
        """A reply to each; another seed is another reply to the same."""
        mind = self._mind(seed, instruction)
        return ["".join(mind.reply([PERSONA, Message("user", "")], one)).strip() for one in said]

    def ready(self) -> None:
        """Read all of the prompt that comes before what is said."""
        self._mind(0, "").read([PERSONA])

    def begin(self, said: str | np.ndarray) -> Iterator[str]:
        """A reply as it comes."""
        return self._mind(0, "").reply([PERSONA, Message("user", "")], said)

    def _mind(self, seed: int, instruction: str) -> Mind:
        if (seed, instruction) not in self._minds:
            options = Options(
                context=CONTEXT, temperature=TEMPERATURE, top_p=1.0, repeat_penalty=1.0, seed=seed,
                enough_tokens=REPLY, most_tokens=REPLY, instruction=instruction,
            )  # fmt: skip
            self._minds[seed, instruction] = Mind(self.file, options)
        return self._minds[seed, instruction]
