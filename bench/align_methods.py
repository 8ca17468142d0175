"""What `align.py` compares: each method learns a person's sentences and says others to the language model."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from align_people import Person, encoder, model, person, place

from digiclone import bridge as bridges
from digiclone.align import pairs, score
from digiclone.align.replies import PERSONA, Replies
from digiclone.artifacts import BRIDGE, write_atomically
from digiclone.llm.bridge import HERE
from digiclone.measure.recordings import data, listed
from digiclone.nn import llama
from digiclone.nn.bridgeformer import Dims
from digiclone.train import bridge, checkpoint, reader_base, through
from digiclone.train import person as people
from digiclone.train import reader as readers
from digiclone.types import Message
from digiclone.voice.words import compare, normalised

VERSION = 1
"""Of this file: another one measures everything anew."""
Said = str | np.ndarray
AGAIN = "Say it again:"
"""What a model that is taught through itself is told to do with what it hears."""


@dataclass(frozen=True)
class Asked:
    """What is to be measured; what does not concern a method changes nothing in it, but is measured anew."""

    method: str
    who: str
    seed: int
    learnt: int
    unseen: int
    epochs: int
    through: int
    instruction: str
    steps: int
    """Of a reader."""
    encoder: str = "moonshine"
    llm: str = field(default="", repr=False)
    """A GGUF file, if not the clone's own model. Not in the name of a cell: `made_of` holds it."""


@dataclass
class Task:
    """A question, and what every method needs for an answer."""

    asked: Asked
    person: Person
    replies: Replies

    @cached_property
    def hear(self) -> Callable[[pairs.Pair], np.ndarray]:
        """Features (N, audio) of a sentence, in 16 bits."""
        ears = encoder(self.asked.encoder)
        return lambda one: ears.features(one.audio())[0].astype(np.float16)

    @cached_property
    def known(self) -> list[bridge.Pair]:
        """What is learnt from, as a bridge takes it."""
        return [self.pair(one) for one in self.person.learnt]

    def pair(self, one: pairs.Pair) -> bridge.Pair:
        """Of a sentence."""
        return bridge.Pair(one.name, self.hear(one), np.array(self.replies.words.tokens(one.cleaned, marks=False)))

    def each(self, make: Callable[[pairs.Pair], Any]) -> dict[str, list[Any]]:
        """Something of sentences that are learnt from, as many as of those that are not, and of those."""
        return {which: [make(one) for one in some] for which, some in sentences(self.person).items()}

    def folder(self) -> Path:
        """An empty one."""
        found = folder_of(self.asked, self.asked.method)
        shutil.rmtree(found, ignore_errors=True)
        return found


@dataclass
class Made:
    """What a method says to the model, what of it can be read, and what it took; in `others`, by name, what it would
    be without a part of it."""

    said: dict[str, list[Said]]
    read: dict[str, list[str]]
    others: dict[str, Made] = field(default_factory=dict)
    s_per_epoch: float | None = None
    s_all: float | None = None
    losses: list[float] = field(default_factory=list)


def folder_of(asked: Asked, method: str) -> Path:
    return place(asked.who) / f"{method}-{asked.learnt}-{asked.seed}"


def sentences(somebody: Person) -> dict[str, list[pairs.Pair]]:
    """By "seen" and "unseen"."""
    return {"seen": somebody.learnt[: len(somebody.unseen)], "unseen": somebody.unseen}


def most(reader: str) -> int:
    """The sentences that there are to learn from."""
    return len(listed(data() / reader / "metadata.csv", "train"))


# -- what nothing is learnt for ----------------------------------------------------------------------------------------


def cascade(task: Task) -> Made:
    """The recogniser's text."""
    ears = encoder("moonshine")
    return _written(task.each(lambda one: ears.transcribe(one.audio())))


def oracle(task: Task) -> Made:
    """The embeddings of the true text."""
    return Made(task.each(lambda one: task.replies.rows(one.cleaned)), task.each(lambda one: one.cleaned))


def floor(task: Task) -> Made:
    """The text of another sentence."""
    return _written({which: [*some[1:], some[0]] for which, some in task.each(lambda one: one.cleaned).items()})


def mean(task: Task) -> Made:
    """The mean of all embeddings, thirty times."""
    rows = np.repeat(task.replies.table.mean(axis=0, keepdims=True), 30, axis=0)
    return Made(task.each(lambda _: rows), task.each(lambda _: ""))


def ceiling(task: Task) -> Made:
    """The text itself; `measure` takes another reply."""
    return _written(task.each(lambda one: one.cleaned))


def _written(read: dict[str, list[str]]) -> Made:
    return Made({which: list[Said](texts) for which, texts in read.items()}, read)


# -- what learns -------------------------------------------------------------------------------------------------------


def paper(task: Task) -> Made:
    """BridgeFormer and EmbedLink, as printed, four frames side by side. "rows": in the place of what it gives, the
    model's own embeddings that are nearest."""
    return _linked(task, task.folder(), layers=4)


def trimmed(task: Task) -> Made:
    """What was trained so, without its pads: cut where the first one is nearest."""
    made = _linked(task, folder_of(task.asked, "paper"), layers=4)
    words = {name: replace(other, said=_cut(task, other.said)) for name, other in made.others.items()}
    return replace(made, said=_cut(task, made.said), others=words)


def _cut(task: Task, said: dict[str, list[Said]]) -> dict[str, list[Said]]:
    """Embeddings before the first pad; one at least."""
    table, end = torch.from_numpy(task.replies.table), task.replies.words.end

    def before(found: Said) -> Said:
        assert not isinstance(found, str)
        tokens = bridge.nearest(torch.from_numpy(found), table).tolist()
        return found[: max(1, len(bridge.until(tokens, end)))]

    return {which: [before(one) for one in some] for which, some in said.items()}


def proj_only(task: Task) -> Made:
    """The same without its transformer, an MLP: the paper's first try (figure 1)."""
    return _linked(task, task.folder(), layers=0)


def _linked(task: Task, folder: Path, layers: int) -> Made:
    table, known = torch.from_numpy(task.replies.table), task.known
    dims = Dims(known[0].features.shape[1], table.shape[1], stacked=4, layers=layers)
    recipe = bridge.Recipe(dims, task.replies.words.end, epochs=task.asked.epochs, seed=task.asked.seed)
    begun = time.perf_counter()
    net, losses = bridge.fit(recipe, known, [], table, folder, _silent)
    took = time.perf_counter() - begun
    found = task.each(lambda one: bridge.spoken(recipe, net, task.pair(one))[0])
    made = _embedded(task, {which: [one.numpy() for one in some] for which, some in found.items()})
    rows = {which: [task.replies.table[bridge.nearest(one, table)] for one in some] for which, some in found.items()}
    return Made(made.said, made.read, {"rows": Made(rows, made.read)}, took / recipe.epochs, took, losses)


def plus(task: Task) -> Made:
    """Letters, from the base of readers, and ears that learn: as `digiclone align train` does it, and heard as the
    clone hears. "alone": without the recogniser's second opinion."""
    return _personal(task, people.Recipe(), reader_base.SHIPPED)


def frozen(task: Task) -> Made:
    """The same with ears that stay as they are, as the paper has them: an ablation."""
    return _personal(task, people.Recipe(ears=None), reader_base.SHIPPED)


def scratch(task: Task) -> Made:
    """The same with a reader that knows nothing: an ablation."""
    torch.manual_seed(task.asked.seed)
    dims, _ = reader_base.load(reader_base.SHIPPED)
    empty = place(task.asked.who) / "nothing.pt"
    reader_base.save(readers.Reader(dims), empty, checkpoint.facts(reader_base.SHIPPED))
    return _personal(task, people.Recipe(), empty)


def plain(task: Task) -> Made:
    """The same with each sentence as it was said and no other way: an ablation."""
    return _personal(task, people.Recipe(variants=0), reader_base.SHIPPED)


def _personal(task: Task, recipe: people.Recipe, start: Path) -> Made:
    folder, took = folder_of(task.asked, task.asked.method), None
    if not (task.asked.instruction and (folder / BRIDGE).is_file()):  # an instruction changes nothing in what is learnt
        begun = time.perf_counter()
        learn(task, recipe, start, task.folder())
        took = time.perf_counter() - begun
    ways = {"": bridges.Bridge(folder), "alone": alone(folder)}
    made = {way: _written(task.each(lambda one, of=of: of.hear(one.audio()).text)) for way, of in ways.items()}
    return replace(made[""], s_all=took, others={"alone": made["alone"]})


def alone(folder: Path) -> bridges.Bridge:
    """A bridge that asks no recogniser."""
    found = bridges.Bridge(folder)
    found.about = found.about.model_copy(update={"trust": 0.0})
    return found


def learn(task: Task, recipe: people.Recipe, start: Path, folder: Path) -> None:
    """A bridge in `folder`, as `digiclone align train` makes it."""
    seed, steps = task.asked.seed, task.asked.steps
    seeded = replace(recipe, training=replace(recipe.training, seed=seed, steps=steps))
    if recipe.ears:
        fewest = min(recipe.ears.fewest, steps)
        seeded = replace(seeded, ears=replace(recipe.ears, seed=seed, fewest=fewest, most=steps))
    people.train(seeded, task.person.learnt, start, encoder("moonshine"), "moonshine:tiny-en", folder, _silent)


def base(task: Task) -> Made:
    """Letters, by the base alone: nothing of the person is learnt."""
    dims, weights = reader_base.load(reader_base.SHIPPED)
    net = readers.Reader(dims)
    net.load_state_dict(weights)
    return _written(task.each(lambda one: bridges.read(readers.likely(net, readers.Heard("", task.hear(one), "")))))


def run_through(method: through.Method) -> Callable[[Task], Made]:
    """What runs the language model in every step."""

    def made(task: Task) -> Made:
        known, words = task.known, task.replies.words
        answers: dict[str, list[int]] = {}
        asked = HERE if method == "ultravox" else f"{AGAIN} {HERE}"
        if method == "ultravox":
            replies = task.replies.to([one.cleaned for one in task.person.learnt])
            answers = {one.name: words.tokens(text) for one, text in zip(task.person.learnt, replies, strict=True)}
        before, _, after = words.chat([PERSONA, Message("user", asked)]).rpartition(HERE)
        prompt = through.Prompt(tuple(words.tokens(before, begin=True)), tuple(words.tokens(after)), words.end)
        recipe = through.Recipe(
            method, known[0].features.shape[1], prompt, epochs=task.asked.through, seed=task.asked.seed
        )
        mind = llama.load(task.replies.file)
        begun = time.perf_counter()
        net, losses = through.fit(recipe, known, answers, mind, task.folder(), _silent)
        took = time.perf_counter() - begun
        speak = through.hearing(net)
        found = _embedded(task, task.each(lambda one: speak(task.pair(one)).numpy()))
        return replace(found, s_per_epoch=took / recipe.epochs, s_all=took, losses=losses)

    return made


def _embedded(task: Task, said: dict[str, list[np.ndarray]]) -> Made:
    """What is read are the tokens whose embeddings are nearest."""
    table, words = torch.from_numpy(task.replies.table), task.replies.words

    def read(found: np.ndarray) -> str:
        tokens = bridge.until(bridge.nearest(torch.from_numpy(found), table).tolist(), words.end)
        return words.text(tokens).decode("utf-8", "replace")

    texts = {which: [read(found) for found in some] for which, some in said.items()}
    return Made({which: list[Said](some) for which, some in said.items()}, texts)


def _silent(_how: str, _share: float) -> None:
    pass


METHODS: dict[str, Callable[[Task], Made]] = {
    "floor": floor, "mean": mean, "oracle": oracle, "ceiling": ceiling, "cascade": cascade, "paper": paper,
    "trimmed": trimmed, "proj-only": proj_only, "base": base, "plus": plus, "frozen": frozen, "scratch": scratch,
    "plain": plain,
    **{method: run_through(method) for method in ("nextgpt", "xvila", "xvila-lora", "binding", "slam", "ultravox")},
}  # fmt: skip


# -- the measurement ---------------------------------------------------------------------------------------------------


def measure(asked: Asked) -> dict[str, Any]:
    """The figures of one method, reader and seed."""
    task = Task(asked, person(asked.who, asked.learnt, asked.unseen), Replies(model(asked.llm)))
    made = METHODS[asked.method](task)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    texts = task.each(lambda one: one.cleaned)
    wanted = {which: _wanted(task, some) for which, some in texts.items()}

    def figures(of: Made) -> dict[str, Any]:
        return {
            which: _figures(task, some, of.read[which], texts[which], wanted[which]) for which, some in of.said.items()
        }

    converged = bridge.converged(made.losses) if made.losses else ()
    reached = [epochs and epochs * (made.s_per_epoch or 0.0) for epochs in converged]
    return {
        "asked": asdict(asked),
        **figures(made),
        **{name: figures(other) for name, other in made.others.items()},
        "s_per_epoch": made.s_per_epoch,
        "s_to_converge": reached if made.losses else None,
        "s_all": made.s_all,
        "losses": made.losses,
        "peak_mb": round(peak),
    }


def _wanted(task: Task, texts: Sequence[str]) -> list[str]:
    """The replies to the true texts, which are the same for all methods: kept."""
    instruction = task.asked.instruction
    asked = [VERSION, instruction, list(texts), *([task.asked.llm] if task.asked.llm else [])]
    key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
    file = place(task.asked.who) / "wanted" / f"{key}.json"
    if not file.exists():
        write_atomically(file, json.dumps(task.replies.to(list(texts), 0, instruction)).encode())
    return json.loads(file.read_text("utf-8"))


def _figures(
    task: Task, said: Sequence[Said], read: Sequence[str], texts: Sequence[str], wanted: Sequence[str]
) -> dict[str, Any]:
    replies, seed = task.replies, int(task.asked.method == "ceiling")
    near = score.near(replies.to(list(said), seed, task.asked.instruction), wanted)
    heard = [replies.rows(one) if isinstance(one, str) else one for one in said]
    each = [compare(text, got).wer for text, got in zip(texts, read, strict=True) if normalised(text)]
    return {
        "rouge1": near.rouge1,
        "rougeL": near.rouge_l,
        "wer": score.words_wrong(texts, read),
        "r_at_1": score.told_apart([replies.rows(text) for text in texts], heard),
        "each": {"wer": each, "rouge1": near.rouge1, "rougeL": near.rouge_l},
        "read": list(read)[:5],
    }
