"""The card of a voice, to look at and listen to: the verdict, the figures beside the person's, every sentence twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import soundfile

from digiclone.artifacts import CARD, write_atomically
from digiclone.types import Audio
from digiclone.voice import page as html
from digiclone.voice.card import Card, Spoken

FOLDER, PAGE = "card", "card.html"


def write(voice: Path, made: Card) -> None:
    """Write `card.html` with the sounds in `card/`, and `card.json`, into the folder of a voice; the JSON comes last:
    the verdict counts when all of it is there."""
    (voice / CARD).unlink(missing_ok=True)
    shutil.rmtree(voice / FOLDER, ignore_errors=True)
    (voice / FOLDER).mkdir(parents=True)
    for number, (ours, theirs) in enumerate(zip(made.voice, made.real, strict=True)):
        _sound(voice / FOLDER / f"{number:02}-voice.mp3", ours.audio)
        _sound(voice / FOLDER / f"{number:02}-person.mp3", theirs.audio)
    write_atomically(voice / PAGE, page(made).encode())
    write_atomically(voice / CARD, json.dumps(told(made), indent=1).encode())


def told(made: Card) -> dict[str, object]:
    """The card as one JSON object."""
    sentences = [
        {"text": text, "voice": _heard(ours), "person": _heard(theirs)}
        for text, ours, theirs in zip(made.texts, made.voice, made.real, strict=True)
    ]
    figures = {name: round(value, 4) for name, value in made.figures.items()}
    return {"faults": made.faults, **figures, "sentences": sentences}


def page(made: Card) -> str:
    """The page; the sounds lie in `card/`."""
    f = made.figures
    body = [
        "<h1>Voice card</h1>",
        html.notes([f"Not good enough: {fault}." for fault in made.faults])
        or html.paragraph("Good enough to speak with."),
        html.facts(
            [
                ("words understood", f"{f['accuracy']:.1%}"),
                ("of the person's", f"{1 - f['real_wer']:.1%}"),
                ("opinion, of 5", f"{f['distillmos']:.2f}"),
                ("of the person", f"{f['real_distillmos']:.2f}"),
                ("like the person", f"{f['similarity']:.2f}"),
                ("words left out, at most", f"{f['worst_dropped_words']:.0f}"),
                ("words said twice", f"{f['repeated_words']:.0f}"),
                ("first sound", f"{f['first_audio_s']:.2f} s"),
                ("computing per second", f"{f['rtf']:.2f} s"),
                ("memory", f"{f['memory_mb']:.0f} MB"),
            ]
        ),
        f"<div class=plots>{''.join(_plots(made))}</div>",
        "<h2>Sentences that it never learnt from</h2>",
        html.table(
            ["the voice", "the person", "text, and what was heard in the voice", "words wrong", "opinion"],
            [_row(number, made) for number in _worst_first(made.voice)],
        ),
    ]
    return html.page("Voice card", body)


def _plots(made: Card) -> list[str]:
    f = made.figures
    scale = {
        "a stranger": f["real_stranger"],
        "this voice": f["similarity"],
        "the person, another time": f["real_real"],
    }
    return [
        html.scale("how much alike the person (cosine of speaker embeddings)", scale),
        html.histogram("opinion of each sentence; outlined: the person's", [one.mos for one in made.voice], "of 5",
                       bins=12, others=[one.mos for one in made.real]),
    ]  # fmt: skip


def _row(number: int, made: Card) -> list[str]:
    ours, theirs = made.voice[number], made.real[number]
    text, wrong = made.texts[number], ours.reading.substituted + ours.reading.dropped + ours.reading.added
    heard = html.cell(text) if not wrong else html.cell(f"{text} → {ours.heard}", "why")
    return [
        html.player(f"{FOLDER}/{number:02}-voice.mp3"),
        html.player(f"{FOLDER}/{number:02}-person.mp3"),
        heard,
        html.cell(f"{wrong} of {ours.reading.words}"),
        html.cell(f"{ours.mos:.2f} / {theirs.mos:.2f}"),
    ]


def _worst_first(said: Sequence[Spoken]) -> list[int]:
    return sorted(range(len(said)), key=lambda number: (-said[number].reading.wer, said[number].mos))


def _heard(one: Spoken) -> dict[str, object]:
    return {"heard": one.heard, **asdict(one.reading), "mos": round(one.mos, 3), "alike": round(one.alike, 3)}


def _sound(file: Path, audio: Audio) -> None:
    # small enough to be sent to a friend, and every browser plays it
    soundfile.write(file, np.clip(audio.samples, -1, 1), audio.rate, format="MP3", subtype="MPEG_LAYER_III")
