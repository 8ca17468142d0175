"""Concurrency, all of it."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
_END = object()
_TICK = 0.01
"""Seconds; how soon a stopped reader or writer notices."""


class StageError(Exception):
    """An error, and the stage it came from: in a chain of iterators it surfaces far from its origin."""

    def __init__(self, stage: str, cause: Exception) -> None:
        super().__init__(f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__)
        self.stage = stage
        self.hint = getattr(cause, "hint", "")


class Workers:
    """The threads of one turn: stopped together, waited for together.

    `stop` may be called from any thread. It never waits: readers return at once, and a thread inside a model call ends
    when that call does. `join` before the models are used again. Do not interrupt a turn with `generator.close()`: from
    another thread Python refuses ("generator already executing"), and from the same one it would wait for the model.
    """

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self) -> None:
        self._stopped.set()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def ahead(self, stage: str, source: Iterable[T], depth: int = 2) -> Iterator[T]:
        """Iterate `source` in a thread, at most `depth` items ahead of the reader. Errors carry `stage`.

        The thread starts at once, not at the first `next`. When the workers are stopped the iterator just ends.
        """
        slots: queue.Queue[Any] = queue.Queue(depth)

        def put(item: object) -> bool:
            while not self.stopped:
                try:
                    slots.put(item, timeout=_TICK)
                    return True
                except queue.Full:
                    continue
            return False

        def work() -> None:
            items = iter(source)
            try:
                for item in items:
                    if not put(item):
                        break
                put(_END)
            except StageError as error:
                put(error)
            except Exception as error:  # noqa: BLE001  whatever a backend raises is the turn's to report
                put(StageError(stage, error))
            finally:
                # the thread that runs a generator is the only one that may close it; closing stops a model mid-reply
                if close := getattr(items, "close", None):
                    close()

        thread = threading.Thread(target=work, name=stage, daemon=True)
        self._threads.append(thread)
        thread.start()
        return self._read(slots)

    def _read(self, slots: queue.Queue[Any]) -> Iterator[Any]:
        while not self.stopped:
            try:
                item = slots.get(timeout=_TICK)
            except queue.Empty:
                continue
            if item is _END:
                return
            if isinstance(item, StageError):
                raise item
            yield item


def pushed(run: Callable[[Callable[[T], bool]], object]) -> Iterator[T]:
    """A call that pushes its results into a callback, turned into an iterator.

    `run(push)` is run in a thread; `push(item)` answers True once nobody wants more, and `run` should then return.
    Closing the iterator waits for `run` to do so: after that the model is idle.
    """
    slots: queue.SimpleQueue[Any] = queue.SimpleQueue()
    unwanted = threading.Event()

    def push(item: T) -> bool:
        slots.put(item)
        return unwanted.is_set()

    def work() -> None:
        try:
            run(push)
            slots.put(_END)
        except Exception as error:  # noqa: BLE001  raised again by the reader, below
            slots.put(_Raised(error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while (item := slots.get()) is not _END:
            if isinstance(item, _Raised):
                raise item.error
            yield item
    finally:
        unwanted.set()
        thread.join()


class _Raised:
    def __init__(self, error: Exception) -> None:
        self.error = error


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Errors inside carry the stage's name."""
    try:
        yield
    except StageError:
        raise
    except Exception as error:
        raise StageError(name, error) from error
