"""The recipe of `lipsync:heard`: speech with known phones -> a network that hears visemes -> `lipsync/heard.onnx`.

    python -m digiclone.train.visemes [--folder FOLDER] [--output FILE]

Twice: once on the times that the synthesisers give, then, because the neural voices among them know theirs to 25 ms at
best, on the times at which the first network hears the same visemes in the same order. Everything that takes long is
kept in the folder; started again, it goes on where it was stopped.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch.nn.functional import cross_entropy

from digiclone import weights
from digiclone.lipsync import heard
from digiclone.nn.visemes import Dims, VisemeNet
from digiclone.stages import VISEMES
from digiclone.train import checkpoint, export
from digiclone.train.align import align
from digiclone.train.augment import blur, mask, revoice
from digiclone.train.batches import copies, features
from digiclone.train.corpus import UNKNOWN, Line, Utterance, crowd, record, script
from digiclone.train.voices import kokoro_voices
from digiclone.types import Mark

log = logging.getLogger(__name__)
SHIPPED = Path(heard.__file__).with_name("heard.onnx")
"""The file in the package."""


@dataclass(frozen=True)
class Recipe:
    """All that decides what comes out."""

    version: int = 1
    """Of the code: how sound is made different, what is learnt from it."""
    casting: tuple[tuple[str, int], ...] = (
        ("flite:kal16", 300),
        ("flite:kal", 60),
        ("flite:awb", 480),
        ("hibari", 200),
    )
    """Speakers, and how many sentences each says."""
    crowd: int = 14
    """Sentences that each of Kokoro's other voices says."""
    validation: tuple[tuple[str, int], ...] = (
        ("kokoro:af_nova", 12),
        ("kokoro:am_fenrir", 12),
        ("kokoro:bf_isabella", 12),
        ("kokoro:bm_lewis", 12),
    )
    """The voices that the trainings are judged on as they go. Nothing is trained on them."""
    unseen: tuple[str, ...] = ("af_sarah", "am_puck", "bf_lily", "bm_daniel")
    """Kokoro's voices that `bench/visemes.py` alone hears, beside flite's `slt` and `rms`."""
    dims: Dims = field(default_factory=Dims)
    copies: tuple[int, int] = (3, 6)
    """Of the material, each spoilt in other ways, for the first and the second training."""
    epochs: tuple[int, int] = (10, 40)
    rows: int = 16
    """In a batch."""
    rate: float = 3e-3
    smoothing: float = 0.05
    seed: int = 0


def train(recipe: Recipe, folder: Path, output: Path) -> float:
    """Everything, from sentences to the file `output`; the accuracy on the voices of validation."""
    torch.set_num_threads(1)  # waiting for each other costs these small batches more than a second thread brings
    kept = {*recipe.unseen, *(speaker.partition(":")[2] for speaker, _ in recipe.validation)}
    names = [name for name in kokoro_voices() if name not in kept]
    lines = [*script(recipe.casting, recipe.seed + 1), *crowd(names, recipe.crowd, recipe.seed + 2)]
    said = _recorded(lines, folder, "for training")
    judged = _recorded(script(recipe.validation, recipe.seed + 3), folder, "for validation")
    work = folder / checkpoint.key(recipe)
    first = fit(recipe, 0, said, judged, work / "first")
    aligned = [realigned(first, one) for one in said]
    second = fit(recipe, 1, aligned, judged, work / "second")
    reached = accuracy(second, judged)
    worst = export.write(second, output, _facts(recipe, said, reached))
    log.info("%s: %.1f %% on the voices of validation, torch and ONNX within %.4f", output, 100 * reached, worst)
    return reached


def _recorded(lines: Sequence[Line], folder: Path, purpose: str) -> list[Utterance]:
    said: list[Utterance] = []
    for one in record(lines, folder / "said"):
        said.append(one)
        if len(said) % 50 == 0 or len(said) == len(lines):
            log.info("spoken %s: %d of %d sentences, %.0f s", purpose, len(said), len(lines), _seconds(said))
    return said


def _seconds(said: Sequence[Utterance]) -> float:
    return sum(len(one.samples) for one in said) / heard.RATE


def _facts(recipe: Recipe, said: Sequence[Utterance], reached: float) -> dict[str, str]:
    """What the file says of itself."""
    speakers = sorted({one.speaker.partition(":")[0] for one in said})
    minutes = {s: _seconds([one for one in said if one.speaker.startswith(s)]) / 60 for s in speakers}
    return {
        "made_by": f"digiclone.train.visemes, recipe {recipe.version}",
        "recipe": repr(recipe),
        "data": ", ".join(f"{s} {m:.0f} min" for s, m in minutes.items()),
        "validation_accuracy": f"{reached:.4f}",
        "visemes": " ".join(VISEMES),
        "licence": "Apache-2.0",
    }


def fit(recipe: Recipe, part: int, said: Sequence[Utterance], judged: Sequence[Utterance], folder: Path) -> VisemeNet:
    """A network trained on `said`. After every epoch it is kept in `folder`, from where it goes on."""
    places, epochs = copies(said, recipe.copies[part], folder, recipe.seed), recipe.epochs[part]
    torch.manual_seed(recipe.seed)
    net = VisemeNet(recipe.dims)
    optimiser = torch.optim.AdamW(net.parameters(), recipe.rate, weight_decay=1e-2)
    steps = sum(-(-len(_load(places[e % len(places)])[0]) // recipe.rows) for e in range(epochs))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=steps + 1, pct_start=0.1)
    kept: dict[str, Any] = {"net": net, "optimiser": optimiser, "schedule": schedule}
    start = time.monotonic()
    begun = checkpoint.resume(kept, folder / "net.pt")
    for epoch in range(begun, epochs):
        loss = _epoch(recipe, kept, _load(places[epoch % len(places)]), epoch)
        checkpoint.keep(kept, epoch + 1, folder / "net.pt")
        left = (time.monotonic() - start) / (epoch + 1 - begun) * (epochs - epoch - 1) / 60
        reached = (
            f", {100 * accuracy(net, judged):.1f} % of validation" if epoch % 4 == 3 or epoch == epochs - 1 else ""
        )
        log.info("%s %d/%d: loss %.3f%s, %.0f min left", folder.name, epoch + 1, epochs, loss, reached, left)
    return net.eval()


def _epoch(recipe: Recipe, kept: dict[str, Any], copy: tuple[np.ndarray, np.ndarray], epoch: int) -> float:
    """Once through a copy of the material; the mean loss."""
    net, optimiser, schedule = kept["net"], kept["optimiser"], kept["schedule"]
    torch.manual_seed(recipe.seed + epoch)
    rng = np.random.default_rng((recipe.seed, epoch))
    mels, visemes = copy
    order = rng.permutation(len(mels))
    losses: list[float] = []
    net.train()
    for i in range(0, len(order), recipe.rows):
        batch = order[i : i + recipe.rows]
        sound = mask(revoice(blur(mels[batch].astype(np.float32), rng), rng), rng)
        logits = net(_begun(net, sound))[:, heard.DELAY :]
        wanted = torch.from_numpy(visemes[batch].astype(np.int64))[:, : logits.shape[1]]
        loss = cross_entropy(
            logits.flatten(0, 1), wanted.flatten(), ignore_index=UNKNOWN, label_smoothing=recipe.smoothing
        )
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def _load(place: Path) -> tuple[np.ndarray, np.ndarray]:
    with np.load(place) as copy:
        return copy["mels"], copy["visemes"]


# -- what a network hears ---------------------------------------------------------------------------------------------


def listen(net: VisemeNet, samples: np.ndarray) -> np.ndarray:
    """Log-probabilities of the visemes in each hop, shape (hops, visemes): what `heard.Backend.frames` gives, in
    torch."""
    hops = -(-len(samples) // heard.HOP)
    mels = features(np.pad(samples, (0, (hops + heard.DELAY) * heard.HOP - len(samples)))[None])
    net.eval()
    with torch.no_grad():
        logits = net(_begun(net, mels))
    return torch.log_softmax(logits[0, heard.DELAY :], dim=1).numpy()


def _begun(net: VisemeNet, mels: np.ndarray) -> torch.Tensor:
    """`mels` (rows, frames, bands) as streams that begin: behind as much silence as `net` looks back to."""
    silence = heard.log_mel(np.zeros((len(mels), heard.WINDOW), np.float32))
    return torch.from_numpy(np.concatenate([np.repeat(silence, net.dims.past, axis=1), mels], axis=1))


def accuracy(net: VisemeNet, said: Sequence[Utterance]) -> float:
    """Of the hops with a known viseme that is not silence, the share that `net` names."""
    right = known = 0
    for one in said:
        speech = one.visemes > VISEMES.index("sil")
        right += int(np.sum((np.argmax(listen(net, one.samples), axis=1) == one.visemes)[speech]))
        known += int(speech.sum())
    return right / max(known, 1)


def realigned(net: VisemeNet, said: Utterance) -> Utterance:
    """With the times at which `net` hears its visemes, unless the given ones are exact."""
    if said.sure or not said.marks:
        return said
    ends = said.marks[0].start, said.marks[-1].end, len(said.samples) / heard.RATE
    marks = [Mark("sil", 0.0, ends[0]), *said.marks, Mark("sil", ends[1], ends[2])]
    order = np.array([VISEMES.index(m.symbol) for m in marks])
    path = align(listen(net, said.samples), order, np.array([(m.start, m.end) for m in marks]))
    return replace(said, visemes=order[path])


def main(
    folder: Annotated[Path | None, typer.Option(help="Where sound, features and checkpoints are kept.")] = None,
    output: Annotated[Path, typer.Option(help="The file to write.")] = SHIPPED,
) -> None:
    """Train the network of `lipsync:heard`, or go on with it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    train(Recipe(), folder or weights.home() / "training" / "visemes", output)


if __name__ == "__main__":
    typer.run(main)
