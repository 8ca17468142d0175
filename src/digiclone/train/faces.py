"""The recipe of `avatar/photo/face_mesh.onnx`: people who do not exist are drawn, and MediaPipe's network, which knows
photos, is taught on them what a picture shows of a face in space.

    python -m digiclone.train.faces [--folder FOLDER] [--output FILE]

Its early features stay as photos taught them; what is drawn only teaches how to read them. No photo of a real person is
used. Drawings and checkpoints are kept in the folder; started again, it goes on where it was stopped.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch import Tensor

from digiclone import weights
from digiclone.artifacts import replacing
from digiclone.avatar.make import assets
from digiclone.avatar.photo import networks
from digiclone.avatar.photo.fit import find_places, whole_model
from digiclone.avatar.photo.landmarks import OUTER_EYES
from digiclone.nn.face_mesh import FEATURE_SIDE, FEATURES, POINTS, BothWays, FaceMesh, taught_on_photos
from digiclone.train import checkpoint, face_export
from digiclone.train.drawings import drawings
from digiclone.train.glimpses import cut, mirrored, spoilt

log = logging.getLogger(__name__)
PART = 500
"""Drawings in a file."""
KEEP = 500
"""Steps after which all is kept."""
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
AT_ONCE = 50
"""Pictures whose early features are computed together."""


@dataclass(frozen=True)
class Recipe:
    """All that decides what comes out."""

    version: int = 1
    """Of the code: what is drawn, how it is spoilt, what is learnt."""
    people: int = 60_000
    judged: int = 500
    """Other people, on whom nothing is trained."""
    looks: int = 2
    """At each drawing, each cut out and spoilt in another way."""
    steps: int = 25_000
    rows: int = 48
    """In a batch."""
    rate: float = 2e-3
    old_rate: float = 6e-4
    """Of the layers that MediaPipe taught."""
    decay: float = 1e-3
    depth: float = 0.5
    shape: float = 2.0
    """What errors of depth and of the shape (pose and size aside) weigh beside those in the picture."""
    seed: int = 0


@dataclass
class Material:
    """Early features (N, 64, 24, 24) in 16 bits and the points (N, 468, 3) that they should give; so far `count` of
    N."""

    features: Tensor
    points: Tensor
    count: int = 0

    @classmethod
    def room(cls, count: int) -> Material:
        """For so many looks."""
        features = torch.empty(count, FEATURES, FEATURE_SIDE, FEATURE_SIDE, dtype=torch.float16)
        return cls(features, torch.empty(count, POINTS, 3))

    def put(self, net: FaceMesh, faces: Tensor, points: Tensor) -> None:
        """What `net` makes early of faces (B, 3, 192, 192), and their points."""
        some = slice(self.count, self.count + len(faces))
        with torch.no_grad():
            self.features[some] = net.early(faces.to(DEVICE)).half()
        self.points[some] = points
        self.count += len(faces)


def train(recipe: Recipe, folder: Path, output: Path) -> None:
    """Everything, from nothing to the file `output`."""
    files = drawn(recipe, folder / "drawn")
    torch.manual_seed(recipe.seed)
    net = taught_on_photos(weights.path(networks.MESH)).to(DEVICE)
    learnt, judged = material(recipe, net, files)
    log.info("before: %s", told(judge(net, judged)))
    fit(recipe, net, learnt, judged, folder / checkpoint.key(recipe))
    reached = judge(net, judged)
    facts = {
        "made_by": f"digiclone.train.faces, recipe {recipe.version}",
        "recipe": repr(recipe),
        "judged": told(reached),
        "licence": "Apache-2.0",
    }
    worst = face_export.write(BothWays(net.cpu(), _mirror()), output, facts)
    log.info("%s: %s; torch and ONNX within %.3f pixels of 192", output, told(reached), worst)


# -- drawings ---------------------------------------------------------------------------------------------------------


def drawn(recipe: Recipe, folder: Path) -> list[Path]:
    """The files of all drawings, those of the people judged last; what is there already is not drawn again."""
    folder.mkdir(parents=True, exist_ok=True)
    total = recipe.people + recipe.judged
    numbers = [range(first, min(first + PART, total)) for first in range(0, total, PART)]
    parts = {some: folder / f"{some.start:06}-{some.stop:06}.npz" for some in numbers}
    missing = {some: path for some, path in parts.items() if not path.exists()}
    begun = time.monotonic()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        waiting = [pool.submit(_draw, some, path) for some, path in missing.items()]
        for done, one in enumerate(as_completed(waiting), 1):
            one.result()
            left = (time.monotonic() - begun) / done * (len(missing) - done) / 60
            log.info("drawn: %d of %d files, %.0f min left", len(parts) - len(missing) + done, len(parts), left)
    return list(parts.values())


def _draw(numbers: range, path: Path) -> None:
    loaded = assets()
    found = list(drawings(loaded, whole_model(loaded), find_places(), numbers))
    with replacing(path) as out:
        np.savez(out, pictures=np.stack([d.picture for d in found]), points=np.stack([d.points for d in found]))


# -- what is learnt ---------------------------------------------------------------------------------------------------


def material(recipe: Recipe, net: FaceMesh, files: Sequence[Path]) -> tuple[Material, Material]:
    """The people to learn from, `looks` times each, and the people judged, once and as they are."""
    chance = torch.Generator().manual_seed(recipe.seed)
    mirror = _mirror()
    learnt, judged = Material.room(recipe.people * recipe.looks), Material.room(recipe.judged)
    net.eval()
    for number, path in enumerate(files, 1):
        log.info("looking at drawings: %d of %d files", number, len(files))
        with np.load(path) as stored:
            pictures, points = torch.from_numpy(stored["pictures"]), torch.from_numpy(stored["points"])
        known = max(0, min(len(pictures), recipe.people - (number - 1) * PART))
        for start in range(0, known, AT_ONCE):
            some = slice(start, min(start + AT_ONCE, known))
            for _ in range(recipe.looks):
                learnt.put(net, *spoilt(*cut(pictures[some], points[some], chance), mirror, chance))
        for start in range(known, len(pictures), AT_ONCE):
            judged.put(net, *cut(pictures[start : start + AT_ONCE], points[start : start + AT_ONCE]))
    return learnt, judged


def _mirror() -> Tensor:
    return mirrored(find_places().of(assets().base_mesh.vertices))


def errors(points: Tensor, truth: Tensor) -> Tensor:
    """How far points (B, 468, 3) are off, (3, B): in the picture, in depth, and in shape once moved, turned and scaled
    onto the truth; in distances of the outer eye corners in the picture."""
    right, left = (truth[:, index, :2] for index in OUTER_EYES)
    eyes = (right - left).norm(dim=1)[:, None]
    off = points - truth
    flat, deep = off[..., :2].norm(dim=2), off[..., 2].abs()
    shape = (_onto(points, truth) - truth).norm(dim=2)
    return torch.stack([(error / eyes).mean(1) for error in (flat, deep, shape)])


def _onto(points: Tensor, truth: Tensor) -> Tensor:
    """After the best similarity (Umeyama 1991), which is taken as given: no gradient flows through it."""
    with torch.no_grad():
        middle, goal = points.mean(1, keepdim=True), truth.mean(1, keepdim=True)
        here, there = points - middle, truth - goal
        left, size, right = torch.linalg.svd(here.transpose(1, 2) @ there)
        signs = torch.ones_like(size)
        signs[:, 2] = torch.det(left @ right).sign()
        turn = (left * signs[:, None]) @ right
        scale = (size * signs).sum(1) / (here**2).sum((1, 2))
    return scale[:, None, None] * (points - middle) @ turn + goal


def judge(net: FaceMesh, judged: Material) -> Tensor:
    """The mean errors, (3,)."""
    net.eval()
    with torch.no_grad():
        found = [
            errors(net.points(features.to(DEVICE).float()), points.to(DEVICE)).cpu()
            for features, points in zip(judged.features.split(AT_ONCE), judged.points.split(AT_ONCE), strict=True)
        ]
    return torch.cat(found, 1).mean(1)


def told(found: Tensor) -> str:
    """Errors as people read them."""
    flat, deep, shape = (100 * found).tolist()
    return f"{flat:.2f} % of the eye distance off in the picture, {deep:.2f} % in depth, {shape:.2f} % in shape"


def fit(recipe: Recipe, net: FaceMesh, learnt: Material, judged: Material, folder: Path) -> None:
    """Teach `net`. Now and then all is kept in `folder`, from where it goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    groups = [
        {"params": list(net.late.parameters()), "lr": recipe.old_rate},
        {"params": list(net.second.parameters()), "lr": recipe.rate},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=recipe.decay)
    rates = [recipe.old_rate, recipe.rate]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=recipe.steps + 1, pct_start=0.06)
    kept: dict[str, Any] = {"net": net, "optimiser": optimiser, "schedule": schedule}
    begun = checkpoint.resume(kept, folder / "net.pt")
    start, seen = time.monotonic(), list[Tensor]()
    for step in range(begun, recipe.steps):
        chance = torch.Generator().manual_seed((recipe.seed << 32) + step)
        rows = torch.randint(0, len(learnt.points), (recipe.rows,), generator=chance)
        features = learnt.features[rows].to(DEVICE).float().contiguous(memory_format=torch.channels_last)
        net.train()
        flat, deep, shape = error = errors(net.points(features), learnt.points[rows].to(DEVICE)).mean(1)
        optimiser.zero_grad()
        (flat + recipe.depth * deep + recipe.shape * shape).backward()
        optimiser.step()
        schedule.step()
        seen.append(error.detach())
        if (step + 1) % KEEP == 0 or step + 1 == recipe.steps:
            checkpoint.keep(kept, step + 1, folder / "net.pt")
            left = (time.monotonic() - start) / (step + 1 - begun) * (recipe.steps - step - 1) / 60
            log.info("%d/%d, %.0f min left: %s", step + 1, recipe.steps, left, told(torch.stack(seen).mean(0)))
            log.info("  of people never seen: %s", told(judge(net, judged)))
            seen.clear()


def main(
    folder: Annotated[Path | None, typer.Option(help="Where drawings and checkpoints are kept.")] = None,
    output: Annotated[Path, typer.Option(help="The file to write.")] = networks.TAUGHT,
) -> None:
    """Train the network of the landmarks, or go on with it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    train(Recipe(), folder or weights.home() / "training" / "faces", output)


if __name__ == "__main__":
    typer.run(main)
