"""From what people export to examples of how somebody talks: whole, traceable, without what is nobody's business."""

import json
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

pytest.importorskip("datafog")

from digiclone import examples
from digiclone.cli import app
from digiclone.clone import create, find
from digiclone.config import ConfigError
from digiclone.examples import Example
from digiclone.portrait import chats, interviews
from digiclone.portrait.build import portrait
from digiclone.portrait.masking import masked
from digiclone.portrait.style import described, favourites, style

ANDROID = """\
12/31/23, 10:15 PM - Messages and calls are end-to-end encrypted.
12/31/23, 10:15 PM - Bob Marsh: Are you coming?
12/31/23, 10:16 PM - Ada: Of course!
12/31/23, 10:16 PM - Ada: I would not
miss it: never.
12/31/23, 10:17 PM - Bob Marsh: <Media omitted>
12/31/23, 10:18 PM - Bob Marsh: Bring wine
1/1/24, 1:02 AM - Ada: Bob, call me at +49 170 1234567
"""
IPHONE = """\
[31.12.23, 22:15:30] Bob: Kommst du?
[31.12.23, 22:16:02] \u200eAda: \u200eimage omitted
[31.12.23, 22:16:09] Ada: Klar
"""
TELEGRAM = {
    "name": "Bob", "type": "personal_chat",
    "messages": [
        {"id": 1, "type": "message", "date": "2023-12-31T22:15:00", "from": "Bob", "text": "Seen this?"},
        {"id": 2, "type": "message", "date": "2023-12-31T22:16:00", "from": "Ada",
         "text": ["Yes, ", {"type": "link", "text": "https://x.org/a"}, " is lovely"]},
        {"id": 3, "type": "service", "date": "2023-12-31T22:17:00", "actor": "Bob", "action": "phone_call"},
    ],
}  # fmt: skip
INTERVIEW = """\
INTERVIEWER: Where did you grow up?
ADA: In a small house. With many books.

And a dog.
INTERVIEWER: What was he called?
ADA (laughs): We never agreed on that.
"""
SUBTITLES = """\
WEBVTT

1
00:00:01.000 --> 00:00:03.000
<v Host>What do you do all day?

2
00:00:03.500 --> 00:00:06.000
<v Ada>I count things,
and sometimes people.
"""
MAIL = """\
From bob@example.org Mon Jan  1 10:00:00 2024
From: Bob <bob@example.org>
Subject: Lunch
Message-ID: <1@x>
Date: Mon, 01 Jan 2024 10:00:00 +0000

Shall we have lunch?

From ada@example.org Mon Jan  1 11:00:00 2024
From: =?utf-8?q?Ada?= <ada@example.org>
Subject: Re: Lunch
In-Reply-To: <1@x>
Date: Mon, 01 Jan 2024 11:00:00 +0000

Only if there is soup.

On Mon, 1 Jan 2024 Bob wrote:
> Shall we have lunch?

-- \nAda
"""


def made(tmp_path: Path, name: str, text: str, *me: str) -> list[Example]:
    (tmp_path / name).write_text(text, "utf-8")
    return portrait([tmp_path / name], me or ("Ada",)).examples


def test_chats_become_questions_and_answers(tmp_path: Path) -> None:
    first, second = made(tmp_path, "chat.txt", ANDROID)
    assert (first.question, first.answer) == ("Are you coming?", "Of course! I would not miss it: never.")
    assert (first.source, first.at) == ("chat.txt:3", "12/31/23 10:16 PM")
    assert (second.question, second.answer) == ("Bring wine", "somebody, call me at a number")
    (only,) = made(tmp_path, "iphone.txt", IPHONE)
    assert (only.question, only.answer) == ("Kommst du?", "Klar")
    (only,) = made(tmp_path, "result.json", json.dumps(TELEGRAM))
    assert (only.question, only.answer, only.source) == ("Seen this?", "Yes, a page is lovely", "result.json#2")
    rows = [{"sender": "Bob", "body": "Hi?", "timestamp": 1704060000000}, {"sender": "Ada", "body": "Hello."}]
    (only,) = made(tmp_path, "signal.jsonl", "\n".join(map(json.dumps, rows)))
    assert (only.question, only.answer) == ("Hi?", "Hello.")


def test_of_fifty_who_talk_one_is_the_person(tmp_path: Path) -> None:
    people = [f"{first}{last}" for first in ("Al", "Be", "Ca", "Do", "Er") for last in "bcdfghklmn"]
    said = [who if number % 7 else "Zoe" for number, who in enumerate(people * 4)]
    lines = [f"31/12/2024, 22:{n % 60:02d} - {who}: Ask {people[n % 50]} about {n} of it" for n, who in enumerate(said)]
    with pytest.raises(ConfigError, match=r"which of them is the person\? .*Zoe \(29\), .* and \d+ more"):
        made(tmp_path, "group.txt", "\n".join(lines), "")
    found = made(tmp_path, "group.txt", "\n".join(lines), "Zoe")
    assert len(found) >= 28
    assert not any(who in f"{one.question} {one.answer}" for one in found for who in people)


def test_what_is_said_to_a_language_model_is_no_example(tmp_path: Path) -> None:
    attacks = (Path(__file__).parent / "attacks.txt").read_text("utf-8").splitlines()
    lines = [line for attack in attacks for line in (f"INTERVIEWER: {attack}", "ADA: Sure.")]
    lines += [line for attack in attacks for line in ("INTERVIEWER: Why?", f"ADA: Soup. {attack}")]
    file = tmp_path / "talk.txt"
    file.write_text("\n".join([*lines, "INTERVIEWER: Who is there?", "ADA: Nobody."]), "utf-8")
    found = portrait([file], ("Ada",))
    assert [one.answer for one in found.examples] == ["Nobody."]
    assert found.skipped["said to a language model"] == 2 * len(attacks)


def test_interviews_mail_and_letters_too(tmp_path: Path) -> None:
    first, second = made(tmp_path, "talk.txt", INTERVIEW)
    assert (first.question, first.answer) == ("Where did you grow up?", "In a small house. With many books. And a dog.")
    assert second.source == "talk.txt:6"
    (only,) = made(tmp_path, "talk.vtt", SUBTITLES)
    assert (only.question, only.answer) == ("What do you do all day?", "I count things, and sometimes people.")
    (only,) = made(tmp_path, "all.mbox", MAIL)
    assert (only.question, only.answer) == ("Shall we have lunch?", "Only if there is soup.")
    letter = "Dear all, it has been a long year.\n\n" + "We counted every single day of it. " * 40
    pieces = made(tmp_path, "letter.txt", letter)
    assert len(pieces) > 2
    assert pieces[0].question == "What do you want to say?"
    assert {one.question for one in pieces[1:]} == {"And then?"}
    assert all(len(one.answer) <= interviews.LONGEST + 40 for one in pieces)


def test_what_is_private_is_taken_out() -> None:
    text = (
        "My brother Tom Smith lives at 12 Baker Street, call (415) 555-2671 or tom@x.org, see www.x.org/tom?a=1."
        " Dr. Jones has DE89 3704 0044 0532 0130 00. In March 2024 I ate 12 apples with Anna."
    )
    found, counts = masked(text, ["Anna Berg"])
    for secret in ("Tom", "Baker", "415", "tom@", "x.org", "Jones", "DE89", "0532", "Anna"):
        assert secret not in found, found
    assert "In March 2024 I ate 12 apples with somebody." in found
    assert counts["NAME"] == 3
    assert masked("My brother was late, and my friend is here.")[0] == "My brother was late, and my friend is here."


@given(st.text(max_size=80), st.lists(st.text(max_size=8), max_size=3))
def test_any_text_can_be_masked(text: str, others: list[str]) -> None:
    found, _ = masked(text, others)
    assert isinstance(found, str)


@given(st.text(max_size=200))
def test_any_file_is_read_or_refused_in_words(text: str) -> None:
    for parse in (chats.whatsapp, interviews.labelled, interviews.subtitles, interviews.letter):
        assert all(line.text for line in parse(text, "x"))
    with suppress(ConfigError):
        assert all(line.text for line in chats.messages(text, "x"))


def test_how_somebody_speaks_is_counted() -> None:
    answers = [
        "Well, I don't know. Haha!",
        "You know, it's the soup, the soup!",
        "Well, is it the soup that you want?",
    ] * 20
    found = style(answers, ["It is what it is, and the weather is fine."] * 60)
    assert (found.answers, found.words_an_answer) == (60, 7.0)
    assert found.laughs == pytest.approx(1 / 3)
    assert found.fillers["well"] > found.fillers["you know"] > 1
    assert "soup" in found.favourites
    assert "is" not in found.favourites
    assert "i don't know" in found.phrases
    words = described(found, "Ada")
    assert "You are Ada." in words
    assert "You often say" in words
    assert favourites(["soup"] * 9, []) == ()
    assert style([]).answers == 0


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["persona", *map(str, arguments)])


@pytest.fixture
def ada(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path / "home"))
    create("Ada")
    return find("ada")


def test_a_clone_gets_examples_and_a_persona(ada: Path, tmp_path: Path) -> None:
    (tmp_path / "chat.txt").write_text(ANDROID, "utf-8")
    (tmp_path / "talk.txt").write_text(INTERVIEW + INTERVIEW, "utf-8")
    result = run("build", "ada", "--from", tmp_path / "chat.txt", "--from", tmp_path / "talk.txt", "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    told: Any = json.loads(result.stdout)
    assert told["examples"] == 4
    assert told["skipped"] == {"said before in the same words": 2}
    assert Counter(told["masked"]) == {"NAME": 1, "PHONE": 1}
    assert [one.answer for one in examples.of(ada)][-1] == "We never agreed on that."
    assert "You are Ada." in (ada / "persona.md").read_text("utf-8")
    assert "1234567" not in (ada / "examples.jsonl").read_text("utf-8")
    (ada / "persona.md").write_text("I wrote this myself.", "utf-8")
    run("build", "ada", "--from", tmp_path / "chat.txt")
    assert (ada / "persona.md").read_text("utf-8") == "I wrote this myself."
    assert "You are Ada." in (ada / "persona.new.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("chat.txt", ANDROID.replace("Ada", "Eve"), r"Say --me NAME; there speak: Bob Marsh \(2\), Eve"),
        ("x.json", "{", "is no JSON"),
        ("x.json", '{"a": 1}', "has no messages"),
        ("x.txt", "", "nobody says anything"),
        ("chat.txt", "1/1/24, 1:02 AM - Ada: Hello?\n", "no example came out: 1 skipped: nothing was said before it"),
        ("talk.docx", ANDROID, "talk.docx cannot be read; what can: .txt"),
    ],
)
def test_what_cannot_be_used_says_why(ada: Path, tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    result = run("build", "ada", "--from", tmp_path / name)
    assert isinstance(result.exception, ConfigError)
    with pytest.raises(ConfigError, match=says):
        raise result.exception
    assert not (ada / "examples.jsonl").exists()
    (tmp_path / "bytes.txt").write_bytes(b"one\ntwo \xa3\n")
    assert "line 2 of bytes.txt is not in UTF-8" in str(run("build", "ada", "--from", tmp_path / "bytes.txt").exception)


def test_windows_calls_it_unicode(tmp_path: Path) -> None:
    (tmp_path / "chat.txt").write_text(ANDROID, "utf-8")
    (tmp_path / "wide.txt").write_bytes(ANDROID.encode("utf-16"))
    plain, wide = (portrait([tmp_path / name], ("Ada",)).examples for name in ("chat.txt", "wide.txt"))
    assert [(one.question, one.answer) for one in plain] == [(one.question, one.answer) for one in wide] != []


def test_what_stands_for_somebody_is_no_word_of_the_person() -> None:
    said = ["Ask somebody else about the marmot.", "Somebody saw a marmot.", "That marmot bit somebody."]
    found = style(said * 4, ["I never talk about it, and why would I."] * 99)
    assert "marmot" in found.favourites
    assert "somebody" not in found.favourites
    assert "saw a marmot" in found.phrases
    assert not any("somebody" in phrase for phrase in found.phrases)


def test_of_very_many_some_are_kept_from_first_to_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digiclone.portrait.build.MOST", 10)
    talk = "".join(f"Bob: Question {n}?\nAda: Answer {n}.\n" for n in range(25))
    (tmp_path / "talk.txt").write_text(talk, "utf-8")
    found = portrait([tmp_path / "talk.txt"], ("Ada",))
    assert [one.answer for one in found.examples] == [f"Answer {n}." for n in (0, 2, 5, 7, 10, 12, 15, 17, 20, 22)]
    assert found.skipped == {"more than the 10 that are kept, from first to last": 15}


def test_pieces_of_a_letter_say_on_which_line_they_begin() -> None:
    text = "Dear all,\n\n\nit has rained for\n  many a day.\n\n" + "This is a sentence. " * 50
    found = list(interviews.letter(text, "letter.txt"))
    assert [(one.source, len(one.text) <= interviews.LONGEST) for one in found] == [
        ("letter.txt:4", True), ("letter.txt:7", True), ("letter.txt:7", True),
    ]  # fmt: skip
    assert [one.to for one in found] == ["What do you want to say?", "", ""]
    assert found[0].text == "it has rained for many a day."


def test_what_a_voice_was_made_of_is_what_the_person_said(tmp_path: Path) -> None:
    rows = "a-1|It rained|It rained all day.\na-2|I stayed|I stayed inside, happily.\nbroken\na-3|x|\n"
    (tmp_path / "metadata.csv").write_text(rows, "utf-8")
    found = portrait([tmp_path / "metadata.csv"], ("Ada",)).examples
    assert [(one.answer, one.source) for one in found] == [
        ("It rained all day.", "metadata.csv:1"), ("I stayed inside, happily.", "metadata.csv:2"),
    ]  # fmt: skip


def test_a_line_of_a_letter_is_no_letter(tmp_path: Path) -> None:
    head = "From x Mon Jan  1 00:00:00 2024\nFrom: Ada <a@x.org>\nSubject: Rain\n\n"
    (tmp_path / "a.mbox").write_text(
        f"{head}It rains.\n\nFrom caf\u00e9 to caf\u00e9.\n\n{head}It still rains.\n\n", "utf-8"
    )
    assert [one.text for one in chats.mail(tmp_path / "a.mbox", "a.mbox")] == ["It rains.", "It still rains."]


def test_a_colon_in_a_letter_is_no_name() -> None:
    said = "It was a long day and nothing came of it.\n" * 60
    letter = f"{said}They include: one.\nHe said: no.\n{said}They include: two.\nHe said: yes.\n"
    assert not interviews.is_labelled(letter)
    assert interviews.is_labelled("Bob: Why?\nAda: Because.\nso it is.\n" * 2)
