"""A reader of letters: masks, what it learns, and letters as numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone.text import letters

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402, TID253

from digiclone.nn.reader import Dims, Reader  # noqa: E402

SMALL = Dims(audio=8, letters=len(letters.LETTERS), hidden=16, inner=32, blocks=2, kernel=5, dropout=0.0)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("Hello, world!", "Hello, world!"),
        ("  He said:   “It’s 9 o'clock” …\n", "He said, It's o'clock ."),
        ("naïve café", "naive cafe"),
        ("日本語 😀", ""),
        ("", ""),
        ("a\0b", "ab"),
    ],
)
def test_a_text_in_these_letters(given: str, wanted: str) -> None:
    assert letters.text(letters.numbers(given)) == wanted


@given(st.text(letters.LETTERS[1:], max_size=30))
def test_letters_come_back(text: str) -> None:
    tidy = " ".join(text.split())
    assert letters.text(letters.numbers(text)) == tidy


@given(st.lists(st.integers(1, 5), max_size=12), st.data())
def test_however_long_each_is_said(wanted: list[int], data: st.DataObject) -> None:
    path = list[int]()
    for place, number in enumerate(wanted):
        apart = 1 if place and wanted[place - 1] == number else 0
        path += [letters.BLANK] * data.draw(st.integers(apart, 3)) + [number] * data.draw(st.integers(1, 3))
    assert letters.collapsed(path) == wanted


@torch.no_grad()
def test_what_is_behind_the_frames_changes_nothing() -> None:
    torch.manual_seed(0)
    net = Reader(SMALL).eval()
    features, frames = torch.randn(3, 30, 8), torch.tensor([30, 4, 17])
    together = net(features, frames)
    assert together.shape == (3, 30, SMALL.letters)
    assert torch.allclose(together.exp().sum(2), torch.ones(3, 30), atol=1e-5)
    for row, count in enumerate(frames.tolist()):
        alone = net(features[row : row + 1, :count], torch.tensor([count]))
        assert torch.allclose(together[row, :count], alone[0], atol=1e-5)


def test_it_learns_to_read() -> None:
    torch.manual_seed(0)
    net = Reader(SMALL)
    words = ["So it is.", "Who?", "I do", "as they say"]
    alphabet = torch.randn(SMALL.letters, 8)
    targets = [letters.numbers(word) for word in words]
    features = torch.zeros(4, 60, 8)
    for row, target in enumerate(targets):
        for place, number in enumerate(target):
            features[row, 4 * place : 4 * place + 3] = alphabet[number]
    frames = torch.tensor([4 * len(target) + 2 for target in targets])
    lengths = torch.tensor([len(target) for target in targets])
    optimiser = torch.optim.AdamW(net.parameters(), 5e-3)
    for _ in range(250):
        said = net(features, frames).transpose(0, 1)
        loss = functional.ctc_loss(said, torch.tensor([n for t in targets for n in t]), frames, lengths)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    paths = net.eval()(features, frames).argmax(2)
    read = [letters.text(letters.collapsed(path[:count].tolist())) for path, count in zip(paths, frames, strict=True)]
    assert read == words


def test_features_of_another_encoder_are_refused() -> None:
    with pytest.raises(ValueError, match="features of width 9, where the reader takes 8"):
        Reader(SMALL)(torch.zeros(1, 4, 9), torch.tensor([4]))
