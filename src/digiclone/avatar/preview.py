"""One picture of a head: from the front, from the side, in profile, and with each of its 15 mouths."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from digiclone.avatar.camera import Camera, look_at, turn
from digiclone.avatar.glb import Part
from digiclone.avatar.mesh import Floats
from digiclone.avatar.render import render
from digiclone.avatar.texture import Pixels
from digiclone.avatar.visemes import VISEMES

# Degrees by which the head is turned.
SIDES = (0.0, 35.0, 90.0)
VIEW = (360, 430)
MOUTH, COLUMNS = (216, 216), 5
# Metres of height shown, the height of the middle below the eyes, and how far the camera stands away.
VIEW_TALL, VIEW_DROP = 0.42, 0.055
MOUTH_TALL, MOUTH_DROP = 0.135, 0.050
DISTANCE = 1.4
BACKGROUND = (0.30, 0.33, 0.37, 1.0)
LABEL = (236, 240, 244)


def sheet(parts: Sequence[Part]) -> bytes:
    """A PNG of the head."""
    # so near to the mouth nobody looks at the softness of the hair
    near = [part for part in parts if part.name != "HairEdge"]
    views = [(parts, view(parts, turned, VIEW, VIEW_TALL, VIEW_DROP), VIEW, {}) for turned in SIDES]
    mouth = view(parts, 0.0, MOUTH, MOUTH_TALL, MOUTH_DROP)
    mouths = [(near, mouth, MOUTH, {f"viseme_{name}": 1.0}) for name in VISEMES]
    with ThreadPoolExecutor(2) as threads:
        jobs = [threads.submit(render, some, eye, *size, pose, BACKGROUND) for some, eye, size, pose in views + mouths]
        pictures = [job.result() for job in jobs]
    sides, mouths_drawn = pictures[: len(SIDES)], pictures[len(SIDES) :]
    rows = [np.concatenate(sides, axis=1)]
    for start in range(0, len(VISEMES), COLUMNS):
        rows.append(np.concatenate(mouths_drawn[start : start + COLUMNS], axis=1))
    return _png(np.concatenate(rows))


def view(parts: Sequence[Part], turned: float, size: tuple[int, int], tall: float, drop: float) -> Camera:
    """A camera that looks at the middle of the head, `turned` degrees to its left, and shows `tall` metres."""
    middle = eyes(parts) - np.array([0.0, drop, 0.03])
    width, height = size
    return look_at(middle, DISTANCE, height * DISTANCE / tall, (width / 2, height / 2), turn(np.radians(turned)))


def eyes(parts: Sequence[Part]) -> Floats:
    """The point (3,) in metres between the eyes."""
    balls = [part.positions for part in parts if part.name in ("EyeLeft", "EyeRight")]
    return np.mean([(ball.min(axis=0) + ball.max(axis=0)) / 2 for ball in balls], axis=0)


def _png(picture: Pixels) -> bytes:
    image = Pillow.fromarray(np.round(np.clip(picture[..., :3], 0, 1) * 255).astype(np.uint8))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(15)
    for number, name in enumerate(VISEMES):
        row, column = divmod(number, COLUMNS)
        draw.text((column * MOUTH[0] + 8, VIEW[1] + row * MOUTH[1] + 6), name, fill=LABEL, font=font)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
