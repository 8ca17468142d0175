"""`bench answers`: a school with a server for pupils and judges of every kind."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from digiclone import weights
from digiclone.commands.answers import answers
from digiclone.config import ConfigError
from digiclone.measure import answers as measured
from digiclone.measure import marks
from digiclone.measure.questions import questions
from digiclone.measure.respondent import NotAnswered, meant, respondent
from digiclone.measure.scores import scores

RIGHT = {question.ask: question.right for question in questions()}
app = typer.Typer(pretty_exceptions_enable=False)
app.command()(answers)


class School(ThreadingHTTPServer):
    """A chat server whose models are functions from the last message to what they say."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.models: dict[str, Callable[[str], str]] = {"pupil": knows, "judge": fair}
        self.asked: list[tuple[str, str]] = []
        self.fails_at = 0
        """The number of the request that is refused."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    @property
    def pupil(self) -> list[str]:
        return ["--set", "llm.backend=openai", "--set", f"llm.url={self.url}", "--set", "llm.model=pupil"]

    def count(self, model: str) -> int:
        return sum(name == model for name, _ in self.asked)


class Handler(BaseHTTPRequestHandler):
    server: School  # type: ignore[assignment]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        last = body["messages"][-1]["content"]
        self.server.asked.append((body["model"], last))
        refused = len(self.server.asked) == self.server.fails_at
        self.send_response(500 if refused else 200)
        self.end_headers()
        if not refused:
            said = {"choices": [{"delta": {"content": self.server.models[body["model"]](last)}}]}
            self.wfile.write(f"data: {json.dumps(said)}\n\ndata: [DONE]\n\n".encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


def knows(question: str) -> str:
    """The right answer, but for one question in ten."""
    return f"I do not know {question}" if list(RIGHT).index(question) % 10 == 0 else f"It is {RIGHT[question]}."


def case(shown: str) -> tuple[str, str]:
    """What is right, and what was answered."""
    found = re.search(r"has: (.*)\nAnswer: (.*)\n\n", shown)
    assert found, shown
    return found[1], found[2]


def fair(shown: str) -> str:
    right, answer = case(shown)
    return f"coherence: 4\naccuracy: {5 if right in answer else 1}"


def kind(_shown: str) -> str:
    return "coherence: 5\naccuracy: 5"


def babbling(_shown: str) -> str:
    return "What a lovely answer! I would give it a 5 out of 5, or 4, " * 20


def drawing() -> Callable[[str], str]:
    chance = random.Random(3)
    return lambda _shown: f"coherence: {chance.randint(1, 5)}\naccuracy: {chance.randint(1, 5)}"


@pytest.fixture
def school(monkeypatch: pytest.MonkeyPatch) -> Iterator[School]:
    monkeypatch.setenv("COLUMNS", "200")
    with School() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(school: School, *words: str, judge: str = "judge") -> dict[str, Any]:
    """What the command says as JSON."""
    shown = CliRunner().invoke(
        app, [*school.pupil, "--judge", f"openai:{school.url}#{judge}", "--json", *words], catch_exceptions=False
    )
    assert shown.exit_code == 0, shown.stderr
    return json.loads(shown.stdout)


def test_a_fair_judge_and_a_pupil_who_knows_nine_in_ten(school: School) -> None:
    found = run(school)
    assert (school.count("pupil"), school.count("judge")) == (100, 300)
    assert found["marks"]["accuracy"]["mean"] == pytest.approx(4.6)
    assert found["marks"]["coherence"] == {"mean": 4, "low": 4, "high": 4}
    assert found["marks"]["score"]["mean"] == pytest.approx(4.3)
    assert found["marks"]["score"]["low"] < 4.3 < found["marks"]["score"]["high"]
    assert len(found["topics"]) == 8
    assert sum(topic["questions"] for topic in found["topics"].values()) == 100
    assert (found["verdicts"], found["unreadable"], found["void"], found["kept"]) == (300, 0, "", True)
    assert found["control"]["wrong"]["mean"] < 1.1
    assert found["control"]["difference"]["low"] > 3
    assert found["consistency"] == {"equal": 1, "apart": 0}
    ((key, score),) = scores().items()
    assert key == found["candidate"] == f"llm:openai:pupil {school.url}"
    assert (score.score, score.accuracy, score.coherence, score.questions) == (4.3, 4.6, 4.0, 100)
    assert score.judge == found["judge"] == f"llm:openai:judge {school.url}"


@pytest.mark.parametrize(
    ("judge", "unreadable", "why"),
    [(kind, 0, "right from wrong"), (drawing(), 0, "right from wrong"), (babbling, 72, "form")],
)
def test_a_judge_who_is_none_is_found_out(
    school: School, judge: Callable[[str], str], unreadable: int, why: str
) -> None:
    school.models["judge"] = judge
    found = run(school, "--questions", "24")
    assert why in found["void"]
    assert found["unreadable"] == unreadable
    assert (found["marks"], found["topics"], found["kept"]) == (None, {}, False)
    assert scores() == {}


def test_chance_is_not_consistent(school: School) -> None:
    school.models["judge"] = drawing()
    same = run(school, "--questions", "24", "--rounds", "3")["consistency"]
    assert same["equal"] == pytest.approx(0.2, abs=0.1)
    assert same["apart"] == pytest.approx(1.6, abs=0.3)


def test_one_round_says_nothing_about_consistency(school: School) -> None:
    assert run(school, "--questions", "20", "--rounds", "1")["consistency"] is None
    assert school.count("judge") == 40


def test_few_questions_prove_nothing(school: School) -> None:
    found = run(school, "--questions", str(marks.FEWEST - 1))
    assert f"ask {marks.FEWEST} or more" in found["void"]
    assert not found["kept"]


def test_a_pupil_who_says_nothing_gets_no_score(school: School) -> None:
    school.models["pupil"] = lambda _question: ""
    assert "every answer is wrong" in run(school, "--questions", "20")["void"]
    assert any("(nothing was said)" in asked for model, asked in school.asked if model == "judge")


def test_nobody_is_asked_twice(school: School) -> None:
    first = run(school, "--questions", "20")
    assert run(school, "--questions", "20") == first
    assert (school.count("pupil"), school.count("judge")) == (20, 60)
    run(school, "--questions", "20", "--rounds", "3")
    assert (school.count("pupil"), school.count("judge")) == (20, 80)


def test_another_judge_gets_the_same_answers(school: School) -> None:
    run(school, "--questions", "20")
    school.models["other"] = fair
    run(school, "--questions", "20", judge="other")
    assert (school.count("pupil"), school.count("other")) == (20, 60)
    ((_, score),) = scores().items()
    assert score.judge.startswith("llm:openai:other")


@pytest.mark.parametrize("fails_at", [1, 2, 13, 40])
def test_what_breaks_off_goes_on(school: School, fails_at: int) -> None:
    school.fails_at = fails_at
    with pytest.raises(NotAnswered, match=r"llm:openai:\w+ .* did not answer: .*500.*goes on"):
        run(school, "--questions", "20")
    assert len(school.asked) == fails_at
    refused = school.asked.pop()
    school.fails_at = 0
    assert run(school, "--questions", "20")["kept"]
    assert refused in school.asked
    assert (school.count("pupil"), school.count("judge")) == (20, 60)


def test_a_judge_who_is_not_there_is_known_after_one_answer(school: School) -> None:
    words = [*school.pupil, "--judge", "openai:http://127.0.0.1:9/v1"]
    with pytest.raises(NotAnswered, match=r"127\.0\.0\.1:9"):
        CliRunner().invoke(app, words, catch_exceptions=False)
    assert school.count("pupil") == 1


def test_a_process_that_is_killed_loses_one_answer_at_most(school: School) -> None:
    code = f"""
from digiclone.commands.answers import answers
answers("openai:{school.url}#judge", {school.pupil[1::2]!r}, 20)
"""
    with subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ), stderr=subprocess.DEVNULL) as process:
        while school.count("judge") < 5:
            assert process.poll() is None
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    before = len(school.asked)
    assert before < 80
    assert run(school, "--questions", "20")["kept"]
    assert len(school.asked) <= 81
    assert sum(times - 1 for times in Counter(school.asked).values()) <= 21  # two rounds ask alike, and the one killed


def book() -> Path:
    (file,) = (weights.home() / "answers").glob("*.jsonl")
    return file


def test_a_torn_last_line_is_asked_again(school: School) -> None:
    first = run(school, "--questions", "20")
    whole = book().read_bytes()
    book().write_bytes(whole[:-20])
    again = run(school, "--questions", "20")
    assert len(school.asked) == 81
    assert (again["marks"], again["control"]) == (first["marks"], first["control"])
    assert book().read_bytes().count(b"\n") == whole.count(b"\n") == 80
    assert [json.loads(line)["said"] for line in book().read_bytes().splitlines()]


@pytest.mark.parametrize("line", ["{", "[]", "3", "null", '{"id": "x"}', '"' + "x" * 99, "[" * 9_999, "\xff\x00"])
def test_a_damaged_line_is_named(school: School, line: str) -> None:
    run(school, "--questions", "20")
    lines = book().read_bytes().splitlines()
    lines[6] = line.encode("latin-1")
    book().write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(ConfigError, match=rf"{book().name}, line 7"):
        run(school, "--questions", "20")


def test_what_a_person_sees(school: School) -> None:
    nasty = "[/red] [bold] \ud83d It is "
    school.models["pupil"] = lambda question: nasty + RIGHT[question]
    words = [*school.pupil, "--judge", f"openai:{school.url}#judge", "--questions", "20"]
    shown = CliRunner().invoke(app, [*words, "--show"], catch_exceptions=False).stdout
    for part in (
        "[/red] [bold] ? It is",
        "What is the capital of Australia?",
        "coherence/accuracy 4/5, 4/5; of another",
    ):
        assert part in shown
    for part in ("instructions", "all", "4.50 (4.50 to 4.50)", "0 cannot be read", "100% of marks", str(book())):
        assert part in shown
    school.models["judge"] = kind
    shown = CliRunner().invoke(app, [*words[:-3], f"openai:{school.url}/#judge", *words[-2:]], catch_exceptions=False)
    assert "void: the judge cannot tell right from wrong" in shown.stdout
    assert "5.00 (5.00 to 5.00)" in shown.stdout.split("control", 1)[1]  # only as evidence
    assert "5.00" not in shown.stdout.split("control", 1)[0]


def test_a_score_over_more_questions_stays(school: School) -> None:
    assert run(school, "--questions", "24")["kept"]
    assert not run(school, "--questions", "20")["kept"]
    assert run(school, "--questions", "24")["kept"]
    assert [score.questions for score in scores().values()] == [24]


def test_a_judge_elsewhere_is_announced(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "judged", lambda *_: [])
    words = [*school.pupil, "--json", "--judge"]
    assert "leave this machine" not in CliRunner().invoke(app, [*words, f"openai:{school.url}"]).stderr
    there = CliRunner().invoke(app, [*words, "openai:https://api.example.com/v1#big"]).stderr
    assert "The answers leave this machine: they are sent to api.example.com." in there
    assert "marks its own answers" in CliRunner().invoke(app, [*words, f"openai:{school.url}#pupil"]).stderr


def test_offline_nothing_leaves(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGICLONE_OFFLINE", "1")
    words = [*school.pupil, "--judge", "openai:https://api.example.com/v1"]
    with pytest.raises(ConfigError, match="DIGICLONE_OFFLINE=1 forbids"):
        CliRunner().invoke(app, words, catch_exceptions=False)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--judge", "lamacpp"], "did you mean 'llamacpp'"),
        (["--judge", "llamacpp:smollm3"], "no model 'smollm3'"),
        (["--judge", "missing.gguf"], r"missing\.gguf cannot be read"),
        (["--judge", "echo:x"], "no option 'model'"),
        (["--judge", "echo", "--set", "tts.backend=tone"], "only the language model"),
        (["--judge", "echo", "--set", "llm.modle=x"], "did you mean 'model'"),
    ],
)
def test_what_does_not_exist_is_a_sentence(words: list[str], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        CliRunner().invoke(app, words, catch_exceptions=False)


def keyed(words: str, **options: Any) -> str:
    choice = meant(words)
    choice.options.update(options)
    return respondent(choice, measured.ANSWERING).key


def test_a_key_says_what_answers_depend_on(tmp_path: Path) -> None:
    assert keyed("llamacpp") == keyed("llm:llamacpp:smollm2-135m") == "llm:llamacpp:smollm2-135m Q8_0"
    assert keyed("llamacpp", format="Q4_0", threads=3) == "llm:llamacpp:smollm2-135m Q4_0"
    assert keyed("llamacpp", temperature=0.5, seed=7) == "llm:llamacpp:smollm2-135m Q8_0 temperature=0.5 seed=7"
    assert keyed("llamacpp", temperature=0.0) == "llm:llamacpp:smollm2-135m Q8_0"
    assert keyed("openai:http://me:s3cret@[::1]:80/v1#m") == "llm:openai:m http://[::1]:80/v1"
    assert keyed("openai") == "llm:openai:default http://127.0.0.1:8080/v1"
    assert keyed("echo") == "llm:echo"
    one, other = tmp_path / "one.gguf", tmp_path / "other.gguf"
    one.write_bytes(b"weights")
    other.write_bytes(b"weights")
    assert keyed(str(one)) == keyed(str(other)) == keyed(str(one), format="Q4_0")
    assert re.fullmatch("[0-9a-f]{64}", keyed(str(one)))
    assert respondent(meant(str(one)), {}).name.startswith("one.gguf (")


@pytest.mark.model
def test_the_default_model_judges_itself(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for shared in ("weights", "derived"):
        (home / shared).mkdir(exist_ok=True)
        (tmp_path / shared).symlink_to(home / shared)
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path))
    words = ["--judge", "llamacpp", "--questions", "3", "--json", "--show"]
    found = json.loads(CliRunner().invoke(app, words, catch_exceptions=False).stdout)
    assert (found["candidate"], found["verdicts"]) == ("llm:llamacpp:smollm2-135m Q8_0", 9)
    assert all(one["answer"] for one in found["each"])
    assert not found["kept"]
