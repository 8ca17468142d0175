"""GGUF files, opened in a second instead of four."""

from typing import Any

import numpy as np
from gguf import GGUFReader  # noqa: TID253  who imports this module opens a file


class Reader(GGUFReader):
    """llama.cpp's own reader. It cuts each of a vocabulary's hundred thousand words out of a `numpy.memmap`, which
    takes three times as long as to cut them out of a plain array over the same map."""

    @property
    def data(self) -> np.ndarray[Any, Any]:
        """The file's bytes."""
        return self._data

    @data.setter
    def data(self, mapped: np.ndarray[Any, Any]) -> None:
        self._data = mapped.view(np.ndarray)
