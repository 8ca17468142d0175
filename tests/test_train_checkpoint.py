"""What names a training."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from digiclone.train.checkpoint import key  # noqa: E402


def test_each_training_has_a_name_of_its_own() -> None:
    zeros = np.zeros(4, np.float16)
    names = [
        key("recipe"),
        key("another recipe"),
        key("recipe", ["a"]),
        key("recipe", ["b"]),
        key("recipe", ["a", zeros]),
        key("recipe", [zeros, "a"]),
        key("recipe", [zeros.reshape(2, 2), "a"]),
        key("recipe", [zeros.astype(np.float32), "a"]),
        key("recipe", [np.zeros(8, np.uint8), "a"]),
        key("recipe", [zeros[:0], "a"]),
        key("recipe", [zeros + 1, "a"]),
    ]
    assert len(set(names)) == len(names)


def test_the_same_training_has_the_same_name() -> None:
    assert key("recipe", [torch.ones(3, 2)]) == key("recipe", [np.ones((3, 2), np.float32)])
    assert key("recipe", [torch.ones(3, 2).T]) == key("recipe", [torch.ones(2, 3)])
