"""The same election on many machines: judges vote in workers of a Ray cluster, ballots come back and are written here.

A worker that is lost takes its unread ballots with it; they are given to another. What a judge chooses does not depend
on the ballots before (`choosers.Local`), so the result is the same, ballot for ballot, as in one process.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import ray
from ray.exceptions import RayActorError

from digiclone.vote.candidates import Answering
from digiclone.vote.choosers import choosers
from digiclone.vote.election import Election, slots
from digiclone.vote.holding import Printed, Progress, answer, printed
from digiclone.vote.store import Store, Vote

TOGETHER = 12
"""Ballots that a worker is given at once; of one judge on one metric."""
LOSSES = 20
"""Workers that may be lost before there must be another reason."""


@ray.remote(num_cpus=1)
class Booth:
    """A worker. It loads a model when the first judge with it votes."""

    def __init__(self, election: Election) -> None:
        self._chooser, self._judges = choosers(election), {one.name: one for one in election.judge}

    def vote(self, ballots: Sequence[Printed]) -> list[Vote]:
        """On each."""
        return [
            self._chooser(self._judges[one.slot.judge]).choose(one.messages, one.slot.order, one.allowed)
            for one in ballots
        ]


def hold(
    election: Election, store: Store, who: Mapping[str, Answering], samples: Mapping[str, str], tell: Progress,
    workers: int, address: str = "",
) -> None:  # fmt: skip
    """Ask for what is not in the `store` yet. Raises `RayActorError` if workers are lost again and again."""
    answer(election, store, who, tell)
    wanted = list(_lots(election, store, samples))
    if not wanted:
        return
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # it would tell its makers
    cores = max(workers, os.cpu_count() or 1)
    here: dict[str, Any] = {"num_cpus": cores, "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
    ray.init(address=address or None, log_to_driver=False, logging_level=logging.ERROR, **({} if address else here))
    try:
        _collect(election, store, wanted, min(workers, len(wanted)), tell)
    finally:
        ray.shutdown()


def _collect(election: Election, store: Store, wanted: list[list[Printed]], workers: int, tell: Progress) -> None:
    total, losses = len(wanted), 0
    left = list(reversed(wanted))
    out = dict[Any, tuple[Any, list[Printed]]]()

    def give(booth: Any) -> None:
        if left:
            lot = left.pop()
            out[booth.vote.remote(lot)] = booth, lot

    for _ in range(workers):
        give(Booth.remote(election))
    while out:
        (ready, *_), _ = ray.wait(list(out))
        booth, lot = out.pop(ready)
        try:
            votes = ray.get(ready)
        except RayActorError:
            losses += 1
            if losses > LOSSES:
                raise
            left.append(lot)
            booth = Booth.remote(election)
        else:
            for one, vote in zip(lot, votes, strict=True):
                store.cast(one.slot, one.lengths, vote)
            tell(f"{workers} workers vote", 1 - (len(left) + len(out)) / total)
        give(booth)


def _lots(election: Election, store: Store, samples: Mapping[str, str]) -> Iterator[list[Printed]]:
    """What is not cast yet, in lots."""
    judges = {one.name: one for one in election.judge}
    wanted = [slot for slot in slots(election) if not store.is_cast(slot)]
    for (name, _), group in groupby(wanted, lambda slot: (slot.judge, slot.metric)):
        some = [printed(election, store, judges[name], samples.get(name, ""), slot) for slot in group]
        yield from (some[begin : begin + TOGETHER] for begin in range(0, len(some), TOGETHER))
