"""What there is to choose from, for a clone: the catalogue's models with what they cost by measurement, and what a
choice means in a clone's settings.

A model can be had if Digiclone fetches it, or makes it of what it fetches, or if its file lies in `home()/models`. With
`everything`, those that one would have to bring are on the menu too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digiclone import registry
from digiclone.config import Choice
from digiclone.measure.answers import ANSWERING
from digiclone.measure.respondent import respondent
from digiclone.measure.scores import Score
from digiclone.plan import catalogue
from digiclone.plan.catalogue import ASR, LLM
from digiclone.plan.measured import Ears, Measured, slower
from digiclone.plan.menu import Ear, Form, Menu, Mind, Vocoder, Voice
from digiclone.weights import home

MEGA = float(2**20)
"""Bytes in what the kernel, and so every measurement, calls a megabyte."""
GUESSING = 25.0
"""MMLU of a model that knows nothing: one answer of four. So counts one whose MMLU nobody tells."""
OWN = "its own voice"
KATHLEEN = "tts:glow:kathleen"
"""What every voice costs that somebody trained: what this one does."""
OFFLOADS = (0.0, 0.25, 0.5, 0.75, 1.0)
WORTHLESS = 0.15
"""n threads that are worth less than n to this power are not worth having: two, eleven percent more than one."""
RUNTIMES = {"faster-whisper": "whisper"}
"""The backend that runs a recogniser of one's own."""

Section = dict[str, Any]


@dataclass(frozen=True)
class Offer:
    """Everything on the menu, with what `clone.toml` would say of it, and where to get what is not here."""

    menu: Menu
    ears: Mapping[str, Section]
    minds: Mapping[tuple[str, str], Section]
    voices: Mapping[str, Section]
    bring: Mapping[str, str]
    """What somebody has to do to have it: by recogniser, voice, or `model format`."""

    def settings(self, chosen: Mapping[str, str]) -> dict[str, Section]:
        """By part, what a choice means. A part that is no quicker with more threads leaves them to the others."""
        threads, offload = int(chosen["threads"]), float(chosen["offload"])
        scaling = {
            "asr": next(one.scaling for one in self.menu.ears if one.name == chosen["asr"]),
            "tts": next(one.scaling for one in self.menu.voices if one.name == chosen["tts"]),
        }
        parts = {
            "asr": self.ears[chosen["asr"]],
            "llm": {**self.minds[chosen["llm"], chosen["format"]], **({"offload": offload} if offload else {})},
            "tts": self.voices[chosen["tts"]],
        }
        return {
            part: {**section, "threads": threads if scaling.get(part, 1.0) > WORTHLESS else 1}
            for part, section in parts.items()
        }

    def to_bring(self, chosen: Mapping[str, str]) -> list[str]:
        """What a choice still needs."""
        names = (chosen["asr"], f"{chosen['llm']} {chosen['format']}", chosen["tts"])
        return [self.bring[name] for name in names if name in self.bring]


def offer(
    measured: Measured, cores: int, card: bool, own: Path | None = None, everything: bool = False,
    judged: Mapping[str, Score] | None = None,
) -> Offer:  # fmt: skip
    """The menu of a machine with so many cores and perhaps a card, for a clone whose `own` voice lies in a folder.

    `judged` is what `digiclone bench answers` kept. It counts in place of MMLU if one judge marked every model on the
    menu: two scales do not compare, and neither do two judges.
    """
    ears = [row for row in catalogue.recognisers().values() if everything or _here(_ear_place(row), row.code)]
    heard = {row.name: (row, found) for row in ears if (found := _ears(row, measured))}
    minds = list(_minds(everything))
    scores = _scores([(row, form) for row, forms in minds for form in forms], judged or {})
    voices = _own_voice(measured, own) if own else _voices(measured)
    menu = Menu(
        ears=[
            Ear(name, _wer(row), found.line, found.memory_mb * MEGA, found.scaling, row.commercial is not False)
            for name, (row, found) in heard.items()
        ],
        minds=[
            Mind(
                row.name,
                row.shape,
                {form: row.bytes[form] for form in forms},
                scores[row.name],
                row.commercial is not False,
            )
            for row, forms in minds
        ],
        forms=[Form(one.name, one.bits, _loss(one.perplexity_increase)) for one in catalogue.formats().values()],
        voices=[voice for voice, _ in voices.values()],
        vocoders=[Vocoder()],
        threads=[n for n in (1, 2, 4, 6, 8, 12, 16, 24, 32) if n < cores] + [cores],
        offloads=OFFLOADS if card else (0.0,),
        server=measured.server_mb * MEGA,
        turn_s=measured.turn_s,
    )
    return Offer(
        menu,
        {name: _ear_section(row) for name, (row, _) in heard.items()},
        {(row.name, form): _mind_section(row, form) for row, forms in minds for form in forms},
        {name: section for name, (_, section) in voices.items()},
        dict(_bring(ears, minds)),
    )


# -- recognisers -------------------------------------------------------------------------------------------------------


def _ear_place(row: ASR) -> Path:
    return home() / "models" / row.name


def _here(place: Path, code: str) -> bool:
    """Whether a model can be had: its backend's packages are here, and Digiclone fetches it or its files lie there."""
    return _installed(code) if code else place.exists()


def _installed(code: str) -> bool:
    kind, backend, _ = code.split(":")
    return not registry.lacks(kind, backend)


def _ears(row: ASR, measured: Measured) -> Ears | None:
    """What a recogniser costs: as it was measured, or as the measured one of its family whose networks are nearest in
    size, by how much more there is to multiply."""
    if row.code in measured.asr:
        return measured.asr[row.code]
    rows = [one for one in catalogue.recognisers().values() if one.code in measured.asr and one.runtime == row.runtime]
    if not rows or not _encoder(row):
        return None
    like = min(rows, key=lambda one: abs(one.parameters - row.parameters))
    known = measured.asr[like.code]
    encoder, decoder = (size(row) / size(like) for size in (_encoder, _decoder))
    return Ears(
        line=slower(known.line, encoder, decoder),
        scaling=known.scaling,
        memory_mb=known.memory_mb * row.parameters / like.parameters,
    )


def _encoder(row: ASR) -> float:
    return (row.encoder_layers or 0) * (row.width or 0) ** 2


def _decoder(row: ASR) -> float:
    return (row.decoder_layers or 0) * (row.width or 0) ** 2


def _wer(row: ASR) -> float:
    """Words wrong in percent; of a recogniser of which nobody tells them, more than of any other."""
    of_ours = catalogue.qualities().get(row.code, ())
    told = next((one.value for one in of_ours if one.dataset == "librispeech test-clean"), row.wer())
    return 100.0 if told is None else told


def _ear_section(row: ASR) -> Section:
    if row.code:
        _, backend, model = row.code.split(":")
        return {"backend": backend, "model": model}
    return {"backend": RUNTIMES.get(row.runtime, row.runtime), "folder": str(_ear_place(row))}


# -- language models ---------------------------------------------------------------------------------------------------


def _mind_place(row: LLM, form: str) -> Path:
    return home() / "models" / f"{row.name}.{form}.gguf"


def _minds(everything: bool) -> Iterator[tuple[LLM, list[catalogue.Form]]]:
    for row in catalogue.language_models().values():
        forms: list[catalogue.Form] = [
            f for f in row.bytes if everything or f in row.made or _mind_place(row, f).is_file()
        ]
        if forms:
            yield row, forms


def _scores(models: list[tuple[LLM, catalogue.Form]], judged: Mapping[str, Score]) -> dict[str, float]:
    """By model: what a judge says of its best format, on the scale of MMLU, or MMLU."""
    marks = [judged.get(_key(row, form)) for row, form in models] if judged else []
    known = [mark for mark in marks if mark]
    if known and len(known) == len(models) and len({mark.judge for mark in known}) == 1:
        best = dict[str, float]()
        for (row, form), mark in zip(models, known, strict=True):
            whole = (mark.score - 1) / 4 * 100 / (1 - _loss(catalogue.formats()[form].perplexity_increase))
            best[row.name] = max(best.get(row.name, 0.0), whole)
        return best
    return {row.name: GUESSING if row.mmlu is None else row.mmlu for row, _ in models}


def _key(row: LLM, form: catalogue.Form) -> str:
    """The name under which answers were judged; none for a file that is not here."""
    section = _mind_section(row, form)
    if "file" in section and not Path(section["file"]).is_file():
        return ""
    options = {name: value for name, value in section.items() if name != "backend"}
    return respondent(Choice(section["backend"], options, {}), ANSWERING).key


def _loss(increase: float) -> float:
    """The share of a score that a rise of perplexity costs: as much more as it is unsure, as much less it knows."""
    return increase / (1 + increase)


def _mind_section(row: LLM, form: catalogue.Form) -> Section:
    if form in row.made:
        _, backend, model = row.code.split(":")
        formats = {"format": form} if form in ("Q8_0", "Q4_0") else {}
        return {"backend": backend, "model": model, **formats}
    return {"backend": "llamacpp", "file": str(_mind_place(row, form))}


# -- voices ------------------------------------------------------------------------------------------------------------


def _voices(measured: Measured) -> dict[str, tuple[Voice, Section]]:
    found = dict[str, tuple[Voice, Section]]()
    for row in catalogue.voices().values():
        if row.code in measured.tts and _installed(row.code):
            _, backend, model = row.code.split(":")
            opinions = [one.value for one in catalogue.qualities().get(row.code, ()) if one.metric == "mos"]
            voice = _voice(row.name, opinions[0] if opinions else 1.0, row.code, measured)
            found[row.name] = (voice, {"backend": backend, **catalogue.voice(backend, model)})
    return found


def _own_voice(measured: Measured, folder: Path) -> dict[str, tuple[Voice, Section]]:
    """A clone that has a voice speaks with it."""
    return {OWN: (_voice(OWN, 5.0, KATHLEEN, measured), {"backend": "glow", "voice": str(folder)})}


def _voice(name: str, opinion: float, code: str, measured: Measured) -> Voice:
    cost = measured.tts[code]
    return Voice(name, opinion, cost.first_s, cost.rtf, cost.memory_mb * MEGA, cost.scaling)


# -- what somebody would have to bring ---------------------------------------------------------------------------------


def _bring(ears: list[ASR], minds: list[tuple[LLM, list[catalogue.Form]]]) -> Iterator[tuple[str, str]]:
    for row in ears:
        if row.code and not _installed(row.code):
            yield row.name, f"{row.title}: pip install 'digiclone[{row.code.split(':')[1]}]'"
        elif not row.code and not _ear_place(row).exists():
            yield row.name, f"{row.title}: put {row.hub} into {_ear_place(row)}"
    for model, forms in minds:
        for form in forms:
            place = _mind_place(model, form)
            if form not in model.made and not place.is_file():
                yield f"{model.name} {form}", f"{model.title}: save its {form} file of {model.hub} as {place}"
