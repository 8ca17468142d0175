"""The listener against a slow, literal model of what its docstrings say."""

from math import ceil, inf

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digiclone.listen import SECONDS, Ended, Listener, Patience, Paused, Piece, Signal
from digiclone.stages import WINDOW

QUICK = Patience(piece=40 * SECONDS, longest=60 * SECONDS)
"""A second of speech is a monologue."""

Row = tuple[int, str, int, int]
"""Window at which, signal, first window of its sound, silence in windows."""


def hear(listener: Listener, probabilities: list[float], verdicts: dict[int, float]) -> list[Row]:
    rows: list[Row] = []
    for i, probability in enumerate(probabilities):
        rows += [row(i, s) for s in listener.hear(np.full(WINDOW, i, np.float32), probability)]
        if i in verdicts:
            listener.judge(verdicts[i])
    return rows


def row(i: int, signal: Signal) -> Row:
    first = -1
    if isinstance(signal, Paused | Piece | Ended):
        windows = signal.audio.samples[::WINDOW].astype(int).tolist()
        assert windows == list(range(i + 1 - len(windows), i + 1)), "sound was lost or came twice"
        first = windows[0]
    silence = round(signal.silence / SECONDS) if isinstance(signal, Ended) else 0
    return i, type(signal).__name__, first, silence


def windows(seconds: float) -> float:
    """How many windows last at least so long."""
    return seconds if seconds == inf else ceil(seconds / SECONDS - 1e-9)


def reference(probabilities: list[float], verdicts: dict[int, float], p: Patience) -> list[Row]:  # noqa: C901  a model of the whole listener
    rows: list[Row] = []
    origin = 0  # the first window not yet handed over
    speaking, paused, over = False, False, False
    last_voice = -1
    voiced = 0
    for i, probability in enumerate(probabilities):
        if not speaking:
            voiced = voiced + 1 if probability >= p.onset else 0
            if voiced >= windows(p.begin):
                speaking, paused, over, last_voice = True, False, False, i
                origin = max(origin, i + 1 - voiced - round(p.before / SECONDS))
                rows.append((i, "Started", -1, 0))
        elif probability >= (p.onset if paused else p.offset):
            last_voice, over = i, False
            if paused:
                rows.append((i, "Resumed", -1, 0))
                paused = False
            if i + 1 - origin >= windows(p.longest):
                rows.append((i, "Piece", origin, 0))
                origin = i + 1
        else:
            silence = i - last_voice
            if not paused:
                if silence >= windows(p.pause):
                    rows.append((i, "Paused", origin, 0))
                    paused, over = True, False
            elif silence >= windows(p.sure if over else p.unsure):
                rows.append((i, "Ended", origin, silence))
                origin, speaking, voiced = i + 1, False, 0
            elif not over and silence >= windows(p.breath) and i + 1 - origin >= windows(p.piece):
                rows.append((i, "Piece", origin, 0))
                origin, paused = i + 1, False
        if i in verdicts and speaking and paused:
            over = verdicts[i] >= p.finished
    return rows


runs = st.lists(
    st.tuples(st.sampled_from([0.0, 0.29, 0.3, 0.4, 0.5, 1.0]), st.sampled_from([1, 2, 3, 5, 8, 11, 20, 45])),
    max_size=30,
)
judgements = st.dictionaries(st.integers(0, 300), st.sampled_from([0.0, 0.49, 0.5, 1.0]), max_size=30)


@given(runs, judgements, st.sampled_from([QUICK, Patience(), Patience(begin=0.3, pause=0.1, sure=0.3, unsure=0.5)]))
@example([(1.0, 45), (0.0, 45)], {}, QUICK)
def test_it_does_what_its_words_say(
    runs: list[tuple[float, int]], verdicts: dict[int, float], patience: Patience
) -> None:
    probabilities = [p for p, count in runs for _ in range(count)]
    assert hear(Listener(patience), probabilities, verdicts) == reference(probabilities, verdicts, patience)


@given(runs, judgements)
def test_no_sound_of_a_turn_is_lost(runs: list[tuple[float, int]], verdicts: dict[int, float]) -> None:
    """Its pieces and its end join without a gap, and what follows a piece is a piece or the end."""
    probabilities = [p for p, count in runs for _ in range(count)]
    end = None
    for at, kind, first, _ in hear(Listener(QUICK), probabilities, verdicts):
        if kind in ("Piece", "Ended"):
            assert end is None or first == end, "a gap"
            end = None if kind == "Ended" else at + 1
        assert not (kind == "Started" and end is not None)


def kinds(rows: list[Row]) -> list[str]:
    return [kind for _, kind, *_ in rows]


def test_a_click_is_no_voice() -> None:
    most = int(windows(Patience().begin)) - 1
    assert kinds(hear(Listener(), ([0.0] + [1.0] * most) * 20, {})) == []


def test_the_sound_before_the_voice_is_kept() -> None:
    rows = hear(Listener(), [0.0] * 50 + [1.0] * 10 + [0.0] * 40, {})
    assert rows[-1][1:3] == ("Ended", 40)


@pytest.mark.parametrize(("verdicts", "silence"), [({}, 0.9), ({63: 0.2}, 0.9), ({63: 0.9}, 0.32), ({70: 0.9}, 0.384)])
def test_a_finished_turn_ends_sooner_and_a_late_judge_at_once(verdicts: dict[int, float], silence: float) -> None:
    rows = hear(Listener(), [0.0] * 20 + [1.0] * 40 + [0.0] * 60, verdicts)
    assert kinds(rows) == ["Started", "Paused", "Ended"]
    assert rows[-1][3] == windows(silence)


def test_a_verdict_dies_with_its_pause() -> None:
    rows = hear(Listener(), [1.0] * 10 + [0.0] * 4 + [1.0] * 5 + [0.0] * 60, {13: 1.0, 16: 1.0})
    assert kinds(rows) == ["Started", "Paused", "Resumed", "Paused", "Ended"]
    assert rows[-1][3] == windows(Patience().unsure)


def test_a_breath_does_not_end_a_pause() -> None:
    """Between offset and onset: not voice enough to go on."""
    assert kinds(hear(Listener(), [1.0] * 10 + [0.0] * 3 + [0.4] * 60, {})) == ["Started", "Paused", "Ended"]


def test_a_monologue_comes_in_pieces() -> None:
    sentence = [1.0] * 100 + [0.0] * 10
    rows = hear(Listener(), sentence * 20 + [0.0] * 40, {})
    pieces = [r for r in rows if r[1] == "Piece"]
    assert len(pieces) == 4  # 70 s in pieces of at least 15 s
    assert kinds(rows)[-1] == "Ended"


def test_a_monologue_without_a_breath_is_cut() -> None:
    rows = hear(Listener(), [1.0] * 2000, {})
    assert kinds(rows) == ["Started", "Piece", "Piece"]
    assert rows[1][0] + 1 - rows[1][2] == windows(25.0)


def test_push_to_talk() -> None:
    listener = Listener(Patience(sure=inf, unsure=inf))
    assert [type(s).__name__ for s in listener.begin()] == ["Started"]
    assert listener.begin() == []
    rows = hear(listener, [0.0] * 200 + [1.0] * 10 + [0.0] * 200, {150: 1.0})
    assert "Ended" not in kinds(rows)
    (ended,) = listener.end()
    assert isinstance(ended, Ended)
    assert len(ended.audio.samples) == 410 * WINDOW, "all that was said while the key was down"
    assert listener.end() == []
    assert not listener.speaking


def test_forgetting_is_as_good_as_new() -> None:
    listener = Listener()
    hear(listener, [1.0] * 30 + [0.0] * 3, {32: 1.0})
    listener.forget()
    assert listener.audio.seconds == 0
    assert hear(listener, [0.0] * 5 + [1.0] * 9, {})[0][:2] == (4 + windows(Patience().begin), "Started")
