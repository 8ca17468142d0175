"""What `align.py` measures beside the methods: how soon a reply begins, and what it takes to hear."""

from __future__ import annotations

import resource
import time
from typing import Any

import numpy as np
from align_methods import Asked, Task, alone, folder_of, learn
from align_people import encoder, model, person

from digiclone import bridge as bridges
from digiclone.align.replies import Replies
from digiclone.artifacts import BRIDGE
from digiclone.train import person as people
from digiclone.train import reader_base


def runtime(asked: Asked) -> dict[str, Any]:
    """Seconds from the end of an utterance to the first token, medians of the unseen sentences; the model has read its
    part of the prompt before, as it does in the clone. Each sentence in all ways, one after the other."""
    somebody, folder = person(asked.who, asked.learnt, asked.unseen), folder_of(asked, "plus")
    if not (folder / BRIDGE).is_file():  # it was measured on another day
        learn(Task(asked, somebody, Replies(model(asked.llm))), people.Recipe(), reader_base.SHIPPED, folder)
    replies = Replies(model(asked.llm))
    hears = {"bridge": bridges.Bridge(folder), "bridge, alone": alone(folder)}
    ears = {f"cascade, {name}": encoder(name) for name in ("moonshine", "whisper")}
    ways = {
        **{name: lambda audio, by=by: by.hear(audio).text for name, by in hears.items()},
        **{name: by.transcribe for name, by in ears.items()},
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for one in [somebody.unseen[0], *somebody.unseen]:
        audio = one.audio()
        for name, understand in ways.items():
            replies.ready()
            begun = time.perf_counter()
            next(replies.begin(understand(audio)), "")
            took[name].append(time.perf_counter() - begun)
    medians = {name: float(np.median(some[1:])) for name, some in took.items()}
    return {
        "bridge_first_token_s": medians["bridge"],
        "bridge_alone_first_token_s": medians["bridge, alone"],
        "cascade_first_token_s": medians["cascade, moonshine"],
        "cascade_whisper_first_token_s": medians["cascade, whisper"],
        "bridge_beside_cascade": medians["bridge"] / medians["cascade, moonshine"],
        "bridge_alone_beside_cascade": medians["bridge, alone"] / medians["cascade, moonshine"],
        "sound_s": float(np.median([one.audio().seconds for one in somebody.unseen])),
    }


def ears(asked: Asked) -> dict[str, Any]:
    """What it takes to hear through an encoder: nothing else is in this process but what loads it."""
    somebody = person(asked.who, asked.learnt, asked.unseen)
    sounds = [one.audio() for one in somebody.unseen]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    hears = encoder(asked.encoder)
    begun = time.perf_counter()
    heard = [hears.features(sound) for sound in sounds]
    took = time.perf_counter() - begun
    seconds = sum(sound.seconds for sound in sounds)
    return {
        "encoder_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3 - before),
        "width": heard[0].shape[2],
        "frames_a_second": round(sum(one.shape[1] for one in heard) / seconds, 1),
        "s_a_second_of_sound": took / seconds,
    }


ALONE = {"runtime": runtime, "ears": ears}
