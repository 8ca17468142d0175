"""The threads of a turn, and calls that push."""

import inspect
import threading
from collections.abc import Callable, Iterator

import pytest
from support import eventually, wait

from digiclone.ahead import StageError, Workers, pushed, stage


def counted(source: range, seen: list[int]) -> Iterator[int]:
    for item in source:
        seen.append(item)
        yield item


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_a_stage_runs_ahead_but_not_away(depth: int) -> None:
    workers, seen = Workers(), list[int]()
    items = workers.ahead("s", counted(range(100), seen), depth)
    eventually(lambda: len(seen) == depth + 1)  # in the queue, and one in the hand
    assert next(items) == 0
    eventually(lambda: len(seen) == depth + 2)
    assert list(items) == list(range(1, 100))
    workers.join()


def test_a_stopped_stage_closes_its_source() -> None:
    """Even one that somebody else still holds: it may be a model in the middle of a reply."""
    workers, source = Workers(), (i for i in range(10**9))
    next(workers.ahead("s", source))
    workers.stop()
    workers.join()
    assert inspect.getgeneratorstate(source) == inspect.GEN_CLOSED


def test_a_slow_reader_gets_everything_in_order() -> None:
    workers = Workers()
    assert list(workers.ahead("b", workers.ahead("a", range(2000), 1), 1)) == list(range(2000))


def test_the_error_of_the_first_stage_surfaces_at_the_last() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("deep down")

    workers = Workers()
    items = workers.ahead("last", (2 * i for i in workers.ahead("first", broken())))
    assert next(items) == 2
    with pytest.raises(StageError, match="ValueError: deep down") as caught:
        next(items)
    assert caught.value.stage == "first"
    workers.stop()
    workers.join()


def test_join_waits_for_every_thread() -> None:
    workers, let_go = Workers(), threading.Event()

    def hold() -> Iterator[int]:
        wait(let_go)
        yield 1

    workers.ahead("a", hold())
    workers.stop()
    joiner = threading.Thread(target=workers.join)
    joiner.start()
    assert joiner.is_alive()
    let_go.set()
    joiner.join(10)
    assert not joiner.is_alive()


def test_stage_names_an_error_once() -> None:
    with pytest.raises(StageError) as caught, stage("outer"), stage("inner"):
        raise OSError("no")
    assert caught.value.stage == "inner"


Push = Callable[[int], bool]


def test_what_is_pushed_comes_out() -> None:
    def run(push: Push) -> None:
        for i in range(5):
            assert push(i) is False

    assert list(pushed(run)) == [0, 1, 2, 3, 4]


def test_nobody_pushes_anything() -> None:
    assert list(pushed(lambda push: None)) == []


def test_an_unwanted_call_is_told_to_stop_and_waited_for() -> None:
    answers: list[bool] = []
    ended = threading.Event()

    def run(push: Push) -> None:
        while not (unwanted := push(0)):
            pass
        answers.append(unwanted)
        ended.set()

    items = pushed(run)
    assert next(items) == 0
    assert not ended.is_set()
    items.close()  # type: ignore[attr-defined]
    assert ended.is_set(), "closing did not wait for the call"
    assert answers == [True]


def test_an_error_is_raised_where_it_is_read() -> None:
    def run(push: Push) -> None:
        push(1)
        raise KeyError("engine")

    items = pushed(run)
    assert next(items) == 1
    with pytest.raises(KeyError, match="engine"):
        next(items)


def test_an_error_after_closing_is_nobodys() -> None:
    def run(push: Push) -> None:
        while not push(1):
            pass
        raise RuntimeError("aborted")

    items = pushed(run)
    next(items)
    before = threading.active_count()
    items.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before - 1
