"""A person's own transcripts: found beside the recordings, read however they were saved, refused in clear words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone.voice import script
from digiclone.voice.script import Script, recordings, scripts, spelt, undertitled, words_of


def put(folder: Path, **files: str | bytes) -> None:
    for name, content in files.items():
        file = folder / name.replace("_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


def only(folder: Path, *names: str) -> tuple[dict[str, Script], list[str]]:
    """The scripts of those recordings, by name, and the notes."""
    notes = list[str]()
    found = scripts([folder / name for name in names], notes)
    return {file.name: one for file, one in found.items()}, notes


# -- which ------------------------------------------------------------------------------------------------------------


def test_a_transcript_lies_beside_its_recording(tmp_path: Path) -> None:
    put(tmp_path, me_flac="", me_txt="I say\r\nthis.", you_wav="", note_txt="milk")
    found, notes = only(tmp_path, "me.flac", "you.wav")
    assert found == {"me.flac": Script("me.txt", ("I", "say", "this."))}
    assert not notes


def test_transcripts_are_no_recordings_and_other_texts_are_named_as_such(tmp_path: Path) -> None:
    names = ["me.flac", "me.txt", "me.srt", "shopping.txt", "metadata.csv", "you.mp3"]
    found = recordings([tmp_path / name for name in names])
    assert [file.name for file in found] == ["me.flac", "shopping.txt", "you.mp3"]


@pytest.mark.parametrize("where", [".", "wavs"])
@pytest.mark.parametrize("name", ["a.1", "a.1.wav", "wavs/a.1.wav"])
def test_ljspeechs_table_names_its_recordings(where: str, name: str, tmp_path: Path) -> None:
    put(tmp_path, metadata_csv=f"{name}|In 1836.|In eighteen thirty-six.\nb|Just once.\nc|Kept.|\nd|\n\n")
    found, notes = only(tmp_path / where, "a.1.wav", "b.flac", "c.wav", "d.wav", "e.wav")
    assert {key: " ".join(one.words) for key, one in found.items()} == {
        "a.1.wav": "In eighteen thirty-six.",
        "b.flac": "Just once.",
        "c.wav": "Kept.",
    }
    assert not notes


def test_a_table_that_names_no_recording_is_noted(tmp_path: Path) -> None:
    put(tmp_path, metadata_csv="clip,sentence\n1,hello\nx|y\n")
    found, notes = only(tmp_path, "a.wav", "b.wav")
    assert not found
    assert len(notes) == 1
    assert "metadata.csv names none" in notes[0]


def test_a_file_of_its_own_goes_before_the_table(tmp_path: Path) -> None:
    put(tmp_path, metadata_csv="me|old", me_txt="new")
    assert only(tmp_path, "me.wav")[0]["me.wav"].words == ("new",)


# -- however it was saved ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_encoding_is_read(encoding: str, end: str, tmp_path: Path) -> None:
    put(tmp_path, me_txt=f"Émile ate{end}{end}a café.{end}".encode(encoding))
    found, notes = only(tmp_path, "me.wav")
    assert found["me.wav"].words == ("Émile", "ate", "a", "café.")
    assert [note for note in notes if "save it as UTF-8" in note] == notes
    assert len(notes) == (encoding == "latin-1")


@pytest.mark.parametrize("content", [b"", b" \r\n\t", "…—!".encode(), b"RIFF\0\0\0\0", b"\xef\xbb\xbf"])
def test_what_says_nothing_is_noted_and_not_used(content: bytes, tmp_path: Path) -> None:
    put(tmp_path, me_txt=content, you_txt="I am here.")
    found, (note,) = only(tmp_path, "me.wav", "you.wav")
    assert list(found) == ["you.wav"]
    assert "me.txt" in note
    assert "me.wav was written down by ear" in note


@pytest.mark.parametrize("name", ["me_txt", "metadata_csv"])
def test_a_huge_file_is_no_transcript(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "LARGEST", 10)
    put(tmp_path, **{name: "me|I am more than ten bytes."})
    found, (note,) = only(tmp_path, "me.wav", "me.flac") if name == "metadata_csv" else only(tmp_path, "me.wav")
    assert not found
    assert "too large" in note


SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Hello</i> there,
1984 was {\\an8}long ago.

2
00:00:03,000 --> 00:00:04,000
- Good bye.
"""
VTT = """WEBVTT - a title

STYLE
::cue { color: red }

NOTE not said

first cue
00:01.000 --> 00:02.500 align:start
<v Ada>Hello there,
1984 was <00:02.000>long ago.

00:03.000 --> 00:04.000
Good bye.
"""


@pytest.mark.parametrize(("ending", "content"), [("srt", SRT), ("vtt", VTT), ("srt", SRT.replace("\n", "\r\n"))])
def test_of_subtitles_only_the_words_are_left(ending: str, content: str, tmp_path: Path) -> None:
    put(tmp_path, **{f"me_{ending}": content})
    said = " ".join(only(tmp_path, "me.mp4")[0]["me.mp4"].words)
    assert said == "Hello there, 1984 was long ago. Good bye."


def test_text_that_looks_like_a_number_is_kept() -> None:
    assert undertitled("7\n00:00:01,000 --> 00:00:02,000\n1984\n") == "1984"


# -- words ------------------------------------------------------------------------------------------------------------


def test_punctuation_stays_at_its_word() -> None:
    assert words_of("— Well — _really_ “so”\n* * *\nwell-known…") == ("Well —", "really", "“so”", "well-known…")


@given(st.text())
def test_every_letter_is_in_a_word(text: str) -> None:
    words = words_of(text)
    assert [c for c in text if c.isalnum()] == [c for word in words for c in word if c.isalnum()]
    assert all(any(c.isalnum() for c in word) for word in words)


def test_spellings_of_a_word_are_alike() -> None:
    assert spelt("“Colour,”") == spelt("color")
    assert spelt("It’s") == spelt("it's") != spelt("its")


def test_the_digest_is_of_the_words() -> None:
    assert Script("a", ("x", "y")).digest == Script("b", ("x", "y")).digest != Script("a", ("x", "z")).digest
