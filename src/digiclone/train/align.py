"""When each viseme of a known sentence sounds, asked of a network that has learnt to hear them (forced alignment)."""

import numpy as np

from digiclone.lipsync.heard import HOP, RATE
from digiclone.stages import VISEMES

REACH = 0.08
"""Seconds by which a boundary may move."""


def align(likely: np.ndarray, order: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The state of each frame on the likeliest way through all states in order, shape (frames,).

    `likely` is (frames, visemes) log-probabilities; state s sounds like viseme `order[s]` and was thought to last from
    `times[s, 0]` to `times[s, 1]` seconds: it is looked for up to `REACH` around. A silence may take no time at all.
    Viterbi, in O(frames x states).
    """
    frames, states = len(likely), len(order)
    middles = (np.arange(frames)[:, None] + 0.5) * HOP / RATE
    allowed = (middles >= times[:, 0] - REACH) & (middles <= times[:, 1] + REACH)
    scores = np.where(allowed, likely[:, order], -1e4)
    skippable = order == VISEMES.index("sil")
    best = np.full(states, -1e9)
    best[0] = scores[0, 0]
    if states > 1 and skippable[0]:
        best[1] = scores[0, 1]
    steps = np.zeros((frames, states), np.int8)
    for t in range(1, frames):
        one = np.concatenate([[-np.inf], best[:-1]])
        two = np.concatenate([[-np.inf] * 2, best[:-2]])[:states]
        two[1:][~skippable[:-1]] = -np.inf
        came = np.stack([best, one, two])
        steps[t] = np.argmax(came, axis=0)
        best = np.take_along_axis(came, steps[t][None].astype(int), 0)[0] + scores[t]
    last = states - 1
    if states > 1 and skippable[-1] and best[-2] > best[-1]:
        last -= 1
    path = np.empty(frames, int)
    for t in range(frames - 1, -1, -1):
        path[t] = last
        last -= steps[t, last]
    return path
