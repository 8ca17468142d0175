"""Speech straight into the language model (Qin et al. 2024, "Tiny-Align", arXiv 2411.13766, section III-D): what a
bridge understood of the sound stands in the prompt where the user's words would, as embeddings.

    E = [ E of what comes before and of the instruction ; E of the audio ; E of how a reply begins ]       (eqs. 11, 12)

What the bridge read as letters is read by the model as the tokens they are: their embeddings are rows of its own table.
The prompt stays in the cache, so a turn evaluates only what is new.
"""

import codecs
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from digiclone import bridge, registry
from digiclone.config import ConfigError
from digiclone.llama import Llama, common, embeddings
from digiclone.llm import llamacpp
from digiclone.types import Audio, Message
from digiclone.weights import File

NEEDS = ("xllamacpp", "gguf", "onnxruntime")
MODELS = ()
HERE = "\x1a"
"""Stands in the prompt where the sound belongs."""
EMBEDDED = -1
"""Stands for an embedding among the tokens that were read: it is like no other."""


class Options(llamacpp.Options):
    bridge: str = ""
    """The folder of one, as `digiclone align train` writes it in a clone's folder."""
    instruction: str = ""
    """What to do with what is heard, before it: "Answer in one sentence:". Nothing is trained for it."""


def files(options: Options) -> Sequence[File]:
    """The weights that it needs."""
    model = () if options.file else registry.find("llm", "llamacpp", options.model).files
    return (*bridge.files(Path(options.bridge).expanduser()), *model)


class Backend:
    def __init__(self, options: Options) -> None:
        if not options.bridge:
            raise ConfigError("llm:bridge needs a bridge: make one with `digiclone align train CLONE`")
        self._bridge = bridge.opened(Path(options.bridge).expanduser())
        file = llamacpp.weights(options)
        if not self._bridge.speaks(lambda tokens: embeddings(file, tokens)):
            raise ConfigError(
                f"the bridge in {options.bridge} learnt the words of another language model than {file.name}; train it"
                " for this one: digiclone align train --method paper"
            )
        self._mind = Mind(file, options)

    def reply(self, messages: Sequence[Message], audio: Audio | None = None) -> Iterator[str]:
        heard = self._bridge.hear(audio) if audio else bridge.Understood(messages[-1].text)
        yield from self._mind.reply(messages, heard.text if heard.embeddings is None else heard.embeddings)

    def read(self, messages: Sequence[Message]) -> None:
        """Evaluate a prompt, so that a reply to it begins sooner."""
        self._mind.read(messages)


class Mind:
    """A language model that answers to words or to embeddings; what its prompts have in common it reads once."""

    def __init__(self, file: Path, options: Options) -> None:
        threads = options.threads or llamacpp.cores()
        self._model = Llama(file, options.context, threads, llamacpp.writers(threads), options.cache)
        self._read = list[int]()
        self._options = options

    def reply(self, messages: Sequence[Message], said: str | np.ndarray) -> Iterator[str]:
        """The reply to `said`, words or embeddings (T, width), which stand in the place of the last message's text."""
        while not self._fits(prompt := self._prompt(messages, said)):
            messages = llamacpp.shorter(messages)
        self._take(prompt)
        yield from self._written()

    def read(self, messages: Sequence[Message]) -> None:
        """Evaluate all that comes before the next message."""
        self._take(self._prompt([*messages, Message("user", "")], np.zeros((0, self._model.width)))[:1])

    def _prompt(self, messages: Sequence[Message], said: str | np.ndarray) -> list[list[int] | np.ndarray]:
        """Tokens, what was heard, tokens. What stands in it as words are words, even if they look like marks."""
        *past, last = messages
        asked = f"{self._options.instruction} {HERE}".strip()
        before, _, after = self._model.chat([*past, Message(last.role, asked)]).rpartition(HERE)
        first, end = self._model.tokens(before, begin=True), self._model.tokens(after)
        if isinstance(said, str):
            return [first + self._model.tokens(said, marks=False) + end]
        return [first, said, end]

    def _fits(self, prompt: Sequence[list[int] | np.ndarray]) -> bool:
        return sum(map(len, prompt)) + self._options.most_tokens <= self._model.context

    def _take(self, prompt: Sequence[list[int] | np.ndarray]) -> None:
        """Read a prompt, of which what the context begins with is not read again."""
        first = prompt[0]
        assert isinstance(first, list)
        del self._read[self._model.past :]  # the last token of a reply was never read
        same = min(common(self._read, first), len(first) - 1)
        self._model.forget(same)
        del self._read[same:]
        for part in (first[same:], *prompt[1:]):
            self._model.read(part)
            self._read += part if isinstance(part, list) else [EMBEDDED] * len(part)

    def _written(self) -> Iterator[str]:
        """The reply, as whole characters."""
        options, decoder = self._options, codecs.getincrementaldecoder("utf-8")("replace")
        seed = options.seed if options.seed >= 0 else int.from_bytes(os.urandom(4))
        tokens = self._model.write(options.temperature, options.top_p, options.repeat_penalty, seed)
        for count, token in enumerate(tokens, 1):
            self._read.append(token)
            text = decoder.decode(self._model.text([token]))
            if text:
                yield text
            ended = text.rstrip().endswith((".", "!", "?"))
            if count >= options.most_tokens or (ended and count >= options.enough_tokens):
                return
