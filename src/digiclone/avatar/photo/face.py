"""All that is kept of a photo: a head's shape and skin, and what its hair and eyes looked like.

It lies in the clone's folder as one file, `face.npz`. The photo itself is never stored; from this file the avatar can
be made again with other hair or clothes.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from digiclone.avatar.human import Human
from digiclone.avatar.mesh import Floats
from digiclone.avatar.texture import Color, Pixels, decode
from digiclone.config import ConfigError

FORMAT = 1
# The part of the base mesh's texture space that holds the head's skin: left, bottom, right, top.
CROP = (0.640, 0.147, 0.995, 0.819)
WIDTH, HEIGHT = 1024, 1938


@dataclass(frozen=True)
class Guess:
    """What the photo shows of the things that a person may choose: the answer to `auto`.

    `hair` is a style of `look`, colours are `#rrggbb`; None where nothing could be seen.
    """

    hair: str | None
    hair_colour: str | None
    eyes: str | None


@dataclass(frozen=True, eq=False)
class Face:
    """A head as a photo showed it, without its expression.

    `vertices` (V, 3) dm of the base mesh; `human` the macros under them; `skin` (HEIGHT, WIDTH, 3) sRGB in `CROP`,
    evenly lit; `seen` (HEIGHT, WIDTH) how much of each texel the photo told, 0..1; `tone` the usual colour of the skin.
    """

    vertices: Floats
    human: Human
    skin: Pixels
    seen: Pixels
    tone: Color
    guess: Guess

    def save(self) -> bytes:
        """The file's bytes."""
        about = {"format": FORMAT, "human": asdict(self.human), "tone": self.tone, "guess": asdict(self.guess)}
        out = io.BytesIO()
        np.savez_compressed(
            out,
            about=np.array(json.dumps(about)),
            vertices=self.vertices.astype(np.float32),
            skin=np.frombuffer(_jpeg(self.skin), dtype=np.uint8),
            seen=np.round(self.seen * 255).astype(np.uint8),
        )
        return out.getvalue()


def load(file: Path) -> Face:
    """Read `face.npz`. Raises `ConfigError` where it is not one."""
    try:
        data = io.BytesIO(file.read_bytes())
        # numpy reads its headers before the archive has compared any checksum
        with zipfile.ZipFile(data) as archive:
            if garbled := archive.testzip():
                raise ValueError(f"{garbled} is garbled")
        data.seek(0)
        with np.load(data, allow_pickle=False) as stored:
            about: dict[str, Any] = json.loads(str(stored["about"]))
            if about["format"] != FORMAT:
                raise ConfigError(
                    f"{file.name} has format {about['format']}, this program reads {FORMAT}; make it anew"
                )
            face = Face(
                vertices=stored["vertices"].astype(np.float64),
                human=Human(**about["human"]),
                skin=decode(stored["skin"].tobytes()),
                seen=stored["seen"].astype(np.float32) / np.float32(255),
                tone=(float(about["tone"][0]), float(about["tone"][1]), float(about["tone"][2])),
                guess=Guess(**about["guess"]),
            )
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        EOFError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ConfigError(f"{file.name} is damaged ({error}); make the avatar from the photo again") from None
    if (
        face.skin.shape != (HEIGHT, WIDTH, 3)
        or face.seen.shape != (HEIGHT, WIDTH)
        or not np.isfinite(face.vertices).all()
    ):
        raise ConfigError(f"{file.name} is damaged; make the avatar from the photo again")
    return face


def _jpeg(skin: Pixels) -> bytes:
    """Nearly lossless: the picture is painted on and encoded again each time the avatar is made."""
    out = io.BytesIO()
    picture = Pillow.fromarray(np.round(np.clip(skin, 0, 1) * 255).astype(np.uint8))
    picture.save(out, "JPEG", quality=97, subsampling=0)
    return out.getvalue()
