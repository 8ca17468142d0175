"""TalkBank's transcripts: what is taken from them, what is skipped and why, and what is no transcript."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rustling")

from digiclone.align import chat
from digiclone.config import ConfigError

HEAD = """@UTF8
@Begin
@Languages:	eng
@Participants:	PAR Participant, INV Investigator
@ID:	eng|made-up|PAR|65;|female|||Participant|||
@ID:	eng|made-up|INV|||||Investigator|||
@Media:	talk, audio
"""


def times(begin: int, end: int) -> str:
    return f"\x15{begin}_{end}\x15"


def transcript(folder: Path, *lines: str, name: str = "talk", media: bool = True, head: str = HEAD) -> Path:
    file = folder / f"{name}.cha"
    file.write_text(head + "".join(f"{line}\n" for line in lines) + "@End\n", "utf-8")
    if media:
        (folder / "talk.wav").write_bytes(b"")
    return file


@pytest.mark.parametrize(
    ("said", "verbatim", "cleaned"),
    [
        ("the boy falls .", "The boy falls.", "The boy falls."),
        ("&-uh the [/] the boy is tooking [: taking] [* p:m] .", "Uh the the boy is tooking.", "The boy is taking."),
        ("(be)cause she's here .", "Cause she's here.", "Because she's here."),
        ("<I want> [//] I need a lot_of cookie(s) ?", "I want I need a lot of cookie?", "I need a lot of cookies?"),
        ("well (.) he (..) ran (1.5) away !", "Well he ran away!", "Well he ran away!"),
        ("and then +...", "And then.", "And then."),
        ("&=laughs yes , &=coughs really .", "Yes, really.", "Yes, really."),
    ],
)  # fmt: skip
def test_what_was_said_and_what_was_meant(tmp_path: Path, said: str, verbatim: str, cleaned: str) -> None:
    transcript(tmp_path, f"*PAR:\t{said} {times(1000, 3000)}")
    (one,) = chat.read(tmp_path, ["PAR"]).utterances
    assert (one.verbatim, one.cleaned) == (verbatim, cleaned)
    assert (one.begin, one.end, one.speaker) == (1.0, 3.0, "PAR")
    assert one.media == tmp_path / "talk.wav"


def test_a_sentence_over_several_lines_with_tiers(tmp_path: Path) -> None:
    transcript(
        tmp_path,
        "*PAR:\tthe boy\n\tis on the stool .",
        f"*PAR:\tand\n\tfalls . {times(5000, 7000)}",
        "%mor:\tcoord|and",
    )
    found = chat.read(tmp_path, ["PAR"])
    assert [one.cleaned for one in found.utterances] == ["And falls."]
    assert found.skipped == {"it has no times": 1}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("*PAR:\tno times .", "it has no times"),
        (f"*PAR:\tbackwards . {times(3000, 1000)}", "it ends before it begins"),
        (f"*PAR:\tshort . {times(1000, 1100)}", "it is shorter than 0.3 or longer than 15 seconds"),
        (f"*PAR:\tlong . {times(1000, 17000)}", "it is shorter than 0.3 or longer than 15 seconds"),
        (f"*PAR:\tthe xxx boy . {times(1000, 3000)}", "a part of it was not understood"),
        (f"*PAR:\t&=laughs . {times(1000, 3000)}", "nothing is left of it without marks"),
        (f"*PAR:\t0 . {times(1000, 3000)}", "nothing is left of it without marks"),
    ],
)
def test_what_is_of_no_use_is_counted(tmp_path: Path, line: str, why: str) -> None:
    transcript(tmp_path, line, f"*PAR:\tgood . {times(20000, 21000)}")
    found = chat.read(tmp_path, ["PAR"])
    assert [one.cleaned for one in found.utterances] == ["Good."]
    assert found.skipped == {why: 1}


def test_who_speaks_while_another_does_is_left_out(tmp_path: Path) -> None:
    transcript(
        tmp_path,
        f"*INV:\ta long question about all of it . {times(0, 9000)}",
        f"*PAR:\tyes . {times(1000, 2000)}",
        f"*PAR:\tno . {times(8500, 10000)}",
        f"*PAR:\tfirst half . {times(9500, 12000)}",
        f"*PAR:\talone . {times(12000, 13000)}",
    )
    found = chat.read(tmp_path, ["PAR"])
    assert [one.cleaned for one in found.utterances] == ["First half.", "Alone."], "one's own words may overlap"
    assert found.skipped == {"somebody else speaks at the same time": 2}


def test_recordings_are_found_beside_it_and_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    (tmp_path / "media" / "deep").mkdir(parents=True)
    transcript(tmp_path / "text", f"*PAR:\tyes . {times(0, 2000)}", media=False)
    assert chat.read(tmp_path / "text", ["PAR"]).skipped == {"there is no recording": 1}
    (tmp_path / "media" / "deep" / "talk.MP3").write_bytes(b"")
    (one,) = chat.read(tmp_path / "text", ["PAR"], tmp_path / "media").utterances
    assert one.media.name == "talk.MP3"


def test_the_wrong_speaker_is_told_who_there_is(tmp_path: Path) -> None:
    transcript(tmp_path, f"*PAR:\tyes . {times(0, 2000)}", "*INV:\tso ?", "*INV:\tand ?")
    with pytest.raises(ConfigError, match=r"CHI says nothing in .*: INV \(2\), PAR \(1\)"):
        chat.read(tmp_path, ["CHI"])


def test_what_is_no_transcript_is_counted_or_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no \.cha file"):
        chat.read(tmp_path, ["PAR"])
    transcript(tmp_path, f"*PAR:\tgood . {times(0, 2000)}")
    for number, data in enumerate((b"", b"\x00\xff\xfe", b"PK\x03\x04", "*PAR:\tyes .".encode("utf-16"))):
        (tmp_path / f"bad-{number}.cha").write_bytes(data)
    found = chat.read(tmp_path, ["PAR"])
    assert [one.cleaned for one in found.utterances] == ["Good."]
    assert found.skipped == {"the file is no CHAT transcript": 4}


def test_one_damaged_line_costs_no_other(tmp_path: Path) -> None:
    transcript(
        tmp_path, f"*PAR:\tgood . {times(0, 2000)}", "*PAR:\t]", f"*PAR:\tbetter . {times(3000, 4000)}", "*INV:\tso ?"
    )
    found = chat.read(tmp_path, ["PAR"])
    assert [one.cleaned for one in found.utterances] == ["Good.", "Better."]
    assert found.skipped == {"the file is damaged there": 1}


@given(st.text(st.sampled_from("abx ()[]<>:*&=+/.,?!@_0\x15\t\n%|"), max_size=120))
def test_any_line_is_read_or_counted(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("chat")
    transcript(folder, f"*PAR:\t{text}", f"*PAR:\tgood . {times(0, 2000)}")
    for one in chat.read(folder, ["PAR"]).utterances:
        assert one.begin < one.end
        assert one.cleaned[-1] in ".?!"
        assert "\x15" not in one.verbatim + one.cleaned
