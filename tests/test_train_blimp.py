"""Which of two sentences a model finds likelier."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tiny_llama  # noqa: E402

from digiclone.config import ConfigError  # noqa: E402
from digiclone.nn import llama  # noqa: E402
from digiclone.train import blimp, own_words  # noqa: E402


class Fond(torch.nn.Module):
    """Finds one letter likelier than any other, wherever it stands."""

    def forward(self, tokens):
        found = torch.zeros(*tokens.shape, 1300)
        found[..., ord("a")] = 5.0
        return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tiny_llama.make(tmp_path / "tiny.gguf")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = {
        "one": ("agreement", [("aaa", "bbb"), ("aa", "ab"), ("b", "a")]),
        "two": ("agreement", [("aab", "abb"), ("a", "b"), ("aa", "bb")]),
        "three": ("island", [("bb", "ab")] * 3),
    }
    for name, (term, sentences) in rows.items():
        lines = [
            json.dumps({"sentence_good": good, "sentence_bad": bad, "linguistics_term": term, "UID": name})
            for good, bad in sentences
        ]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")
    return tmp_path


def test_the_likelier_sentence_is_chosen_and_phenomena_count_alike(folder: Path, file: Path) -> None:
    some = blimp.pairs(folder, file, 3)
    found = blimp.right(Fond(), some)
    assert blimp.grouped(some, found) == pytest.approx({"agreement": (2 / 3 + 1) / 2, "island": 0.0, "all": 5 / 12})
    assert len(blimp.pairs(folder, file, 2)) == 6


def test_phenomena_are_those_of_the_paper(tmp_path: Path, file: Path) -> None:
    row = {"sentence_good": "a", "sentence_bad": "b", "linguistics_term": "s-selection", "UID": "animate_subject_trans"}
    (tmp_path / "one.jsonl").write_text(json.dumps(row), "utf-8")
    assert blimp.pairs(tmp_path, file, 1)[0].phenomenon == "argument_structure"


def test_the_interval_is_as_wide_as_pairs_drawn_again_say() -> None:
    chance = np.random.default_rng(0)
    some = [blimp.Pair(f"{name} {n % 3}", name, (), ()) for name, n in [("a", 0), ("b", 0)] * 300 + [("c", 1)] * 90]
    right = [bool(chance.random() < {"a": 0.9, "b": 0.6, "c": 0.5}[pair.phenomenon]) for pair in some]
    rows = {name: [one for pair, one in zip(some, right, strict=True) if pair.phenomenon == name] for name in "abc"}
    drawn = [np.mean([np.mean(chance.choice(each, len(each))) for each in rows.values()]) for _ in range(2000)]
    shares = blimp.grouped(some, right)
    low, high = blimp.interval(some, shares)
    assert (low + high) / 2 == pytest.approx(shares["all"])
    assert high - low == pytest.approx(3.92 * np.std(drawn), rel=0.1)


def test_what_stands_beside_a_sentence_changes_nothing(
    folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some, net = blimp.pairs(folder, file, 3), llama.load(file)
    together = blimp.right(net, some)
    monkeypatch.setattr(blimp, "TOGETHER", 1)
    assert blimp.right(net, some) == together


def test_a_folder_without_paradigms_is_named(file: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="there is no paradigm of BLiMP"):
        blimp.pairs(tmp_path / "empty", file, 3)


def test_a_model_writes_what_it_learns_from_once(file: Path, tmp_path: Path) -> None:
    told: list[float] = []
    place = tmp_path / "written"
    first = own_words.written(file, 10, 24, 0, place, lambda _, share: told.append(share))
    assert (first.shape, first.dtype, len(list(place.iterdir()))) == ((10, 24), np.int64, 2)
    assert len({tuple(row) for row in first.tolist()}) == 10
    count = len(told)
    assert np.array_equal(own_words.written(file, 10, 24, 0, place, lambda _, share: told.append(share)), first)
    assert len(told) == count, "nothing is written again"
    assert not np.array_equal(own_words.written(file, 10, 24, 1, place, lambda *_: None), first)
