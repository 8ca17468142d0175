"""A small menu of models and a laptop, for tests of the planner."""

from digiclone.plan import catalogue
from digiclone.plan.cost import Line, Rates
from digiclone.plan.menu import Ear, Form, Menu, Mind, Place, Vocoder, Voice

RATES = Rates(
    reach=0.7, layer_s=2e-5, step_s=1e-3, writing={"F16": 2.0, "Q8_0": 3.0, "Q4_0": 4.0},
    reading={"F16": 2.0, "Q8_0": 1.5, "Q4_0": 1.6}, scaling=0.9, engine_bytes=8e7, buffer_bytes=4.0,
)  # fmt: skip
GB = 1e9
FORMS = (Form("F16", 16, 0.0), Form("Q8_0", 8, 0.0004), Form("Q4_0", 4, 0.075))
NAMES = ("qwen2.5-0.5b-instruct", "llama-3.2-1b-instruct", "phi-2", "mistral-7b-instruct-v0.2")
SCORES: dict[str, float] = dict(zip(NAMES, (46.0, 49.3, 56.7, 60.1), strict=True))


def minds(names: tuple[str, ...] = NAMES) -> tuple[Mind, ...]:
    rows = catalogue.language_models()
    return tuple(Mind(n, rows[n].shape, {str(f): b for f, b in rows[n].bytes.items()}, SCORES[n]) for n in names)


MENU = Menu(
    ears=(
        Ear("tiny", 5.6, Line(constant=0.02, per_second=0.03), 0.1 * GB),
        Ear("base", 4.2, Line(constant=0.9, per_second=0.01, window=30), 0.4 * GB),
    ),
    minds=minds(),
    forms=FORMS,
    voices=(
        Voice("small", 4.2, 0.02, 0.03, 0.1 * GB),
        Voice("own", 3.9, 0.1, 0.2, 0.1 * GB, vocoders=("hifigan", "fast")),
    ),
    vocoders=(Vocoder(), Vocoder("hifigan", 0.05, 0.1, 0.05 * GB, 0.0), Vocoder("fast", 0.01, 0.02, 0.01 * GB, -0.5)),
    threads=(1, 2, 4),
    server=0.1 * GB,
)
LAPTOP = Place(flops=1e11, bandwidth=50 * GB, memory=12 * GB, rates=RATES)
