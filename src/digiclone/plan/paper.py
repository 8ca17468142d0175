"""A plan by tinyDigiClones' own algorithms, to compare with: `digiclone plan --algorithm paper`. Pure."""

from __future__ import annotations

from digiclone.plan import cost, printed
from digiclone.plan.fit import BATCH, CONTEXT, FIRST, NEW, QUESTION, Fit
from digiclone.plan.menu import VARIABLES

Config = tuple[str, ...]


def chosen(fit: Fit) -> dict[str, str]:
    """What Algorithms 2 and 3 choose as they are printed, each model by itself; names by variables, without those of a
    model that has no valid configuration. They know no threads and no offload: all of the first, and the last there is.
    """
    menu, host = fit.menu, fit.host
    threads = max(menu.threads)
    models: dict[str, list[Config]] = {
        "llm": [("llm", mind.name, form) for mind in menu.minds for form in mind.files],
        "asr": [("asr", one.name) for one in menu.ears],
        "tts": [("tts", one.name, vocoder) for one in menu.voices for vocoder in one.vocoders],
    }
    minds, ears = {one.name: one for one in menu.minds}, {one.name: one for one in menu.ears}
    voices = {one.name: one for one in menu.voices}

    def memory(one: Config) -> float:
        if one[0] == "llm":
            mind = minds[one[1]]
            return cost.llm_bytes(mind.shape, one[2], mind.files[one[2]], CONTEXT, BATCH, host.rates)
        return ears[one[1]].memory if one[0] == "asr" else voices[one[1]].memory

    def seconds(one: Config) -> float:
        if one[0] == "llm":
            mind = minds[one[1]]
            read = printed.prefill_seconds(NEW, _parameters(mind.shape), host.flops * threads)
            token = mind.files[one[2]] / host.bandwidth
            return printed.total_seconds(read, FIRST, token)
        return ears[one[1]].line.seconds(QUESTION) if one[0] == "asr" else voices[one[1]].first_s

    impact = memory if fit.wishes.mode == "accuracy" else seconds
    found = printed.choose(models, lambda one: memory(one) <= host.memory, impact)
    names = {"threads": str(threads), "offload": str(menu.offloads[-1])}
    for model, config in found.items():
        names[model] = config[1]
        if model != "asr":
            names["format" if model == "llm" else "vocoder"] = config[2]
    return {name: names[name] for name in VARIABLES if name in names}


def _parameters(shape: cost.Shape) -> float:
    return shape.multiplied + (0 if shape.tied else shape.hidden * shape.vocabulary)
