"""The doctor finds what is wrong, says what to do, and never stumbles itself."""

import hashlib
import importlib.metadata
import json
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType

import pytest
import typer
from typer.testing import CliRunner

from digiclone import doctor, sources, weights
from digiclone.commands import doctor as command
from digiclone.doctor import Finding
from digiclone.weights import File, Model


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> File:
    """The one file of the one default model."""
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DIGICLONE_OFFLINE", raising=False)
    (tmp_path / "tiny.bin").write_bytes(b"tiny")
    tiny = File("tiny.bin", hashlib.sha256(b"tiny").hexdigest(), 4, (f"file:{tmp_path / 'tiny.bin'}",))
    other = File("other.bin", "0" * 64, 1, ())
    registry = ModuleType("digiclone.registry")
    registry.models = lambda: [  # type: ignore[attr-defined]
        ("asr", "moonshine", Model("tiny", (tiny,), "MIT", ""), True),
        ("asr", "whisper", Model("base", (other,), "MIT", ""), False),
    ]
    monkeypatch.setitem(sys.modules, "digiclone.registry", registry)
    return tiny


def statuses(findings: object) -> dict[str, str]:
    return {finding.name: finding.status for finding in findings}  # type: ignore[attr-defined]


def test_a_full_examination_has_an_answer_for_every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "NATIVE", {})
    findings = doctor.examine()
    names = {finding.name for finding in findings}
    assert {"python", "packages", "processor", "memory", "store", "page", "browser", "microphone", "npm"} <= names
    assert all(finding.advice for finding in findings if finding.status != "ok")


def test_models_are_absent_then_verified_then_touched(tiny: File) -> None:
    (absent,) = doctor.models()
    assert (absent.status, absent.advice) == ("problem", "digiclone models fetch asr:moonshine:tiny")
    place = weights.fetch(tiny)
    assert statuses(doctor.models()) == {"asr:moonshine:tiny": "ok"}
    place.chmod(0o644)
    place.write_bytes(b"tinx")
    assert statuses(doctor.models()) == {"asr:moonshine:tiny": "warning"}
    place.write_bytes(b"t")
    assert statuses(doctor.models()) == {"asr:moonshine:tiny": "problem"}


def test_a_catalogue_that_cannot_be_imported_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "digiclone.registry", None)
    monkeypatch.setattr(doctor, "CHECKS", (doctor.models, doctor.python))
    assert statuses(doctor.examine()) == {"models": "problem", "python": "ok"}


def test_the_store_says_when_there_is_no_room(tiny: File, monkeypatch: pytest.MonkeyPatch) -> None:
    assert statuses(doctor.store()) == {"store": "ok"}
    monkeypatch.setattr(weights, "MARGIN", 1 << 60)
    (full,) = doctor.store()
    assert (full.status, "DIGICLONE_HOME" in full.advice) == ("problem", True)
    weights.home().joinpath("partial").mkdir()
    weights.home().joinpath("partial", "x.part").write_bytes(b"half")
    assert statuses(doctor.store())["unfinished downloads"] == "warning"


def test_a_store_that_cannot_be_written_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taken").write_bytes(b"")
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path / "taken"))
    (finding,) = doctor.store()
    assert (finding.status, "DIGICLONE_HOME" in finding.advice) == ("problem", True)


def library(folder: Path, name: str, body: str) -> None:
    (folder / f"{name}.py").write_text(body)


def test_each_library_is_tried_alone_and_then_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library(tmp_path, "fine", "")
    library(tmp_path, "broken", "raise ImportError('libcudnn.so.9: cannot open shared object file')")
    library(tmp_path, "crashing", f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})")
    library(tmp_path, "modern", f"import os; os.kill(os.getpid(), {int(signal.SIGILL)})")
    library(tmp_path, "jealous", "import sys\nif 'fine' in sys.modules: raise ImportError('fine is here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "1.0")
    monkeypatch.setattr(doctor, "NATIVE", dict.fromkeys(("fine", "broken", "crashing", "modern", "ctranslate2x"), "x"))
    monkeypatch.setattr(doctor, "OPTIONAL", {"ctranslate2x": "pip install it"})
    found = {finding.name: finding for finding in doctor.libraries()}
    assert found["fine"].detail == "1.0, loads"
    assert "libcudnn" in found["broken"].detail
    assert "signal 11" in found["crashing"].detail
    assert "newer processor" in found["modern"].detail
    assert found["ctranslate2x"].status == "ok"
    assert "libraries together" not in found
    monkeypatch.setattr(doctor, "NATIVE", {"fine": "x", "jealous": "x"})
    together = {finding.name: finding for finding in doctor.libraries()}["libraries together"]
    assert (together.status, together.detail) == ("problem", "ImportError: fine is here")


def test_a_missing_library_is_a_problem_unless_it_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "NATIVE", {"absent_library": "the ears"})
    (finding,) = doctor.libraries()
    assert (finding.status, finding.advice) == ("problem", "pip install absent_library")


class Page(BaseHTTPRequestHandler):
    body = b"<title>digiclone</title>"

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@pytest.mark.parametrize(("body", "status"), [(b"<title>digiclone</title>", "ok"), (b"another", "problem")])
def test_the_port_is_free_or_ours_or_taken(body: bytes, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = type("Handler", (Page,), {"body": body})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        monkeypatch.setattr(doctor, "PORT", server.server_port)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        assert [finding.status for finding in doctor.port()] == [status]
        server.shutdown()
        thread.join()
    assert [finding.detail for finding in doctor.port()] == ["free"]


def test_packages_that_are_missing_or_old_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["pytest", "absent-package>=1", "typer>=999", "torch; extra == 'train'"]
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: asked)
    (finding,) = doctor.packages()
    assert finding.status == "problem"
    assert "absent-package is missing" in finding.detail
    assert "typer>=999 is needed" in finding.detail
    assert "torch" not in finding.detail


def test_no_npm_is_only_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> list[str]:
        raise sources.SourceFailed("npm is not here")

    monkeypatch.setattr(sources, "npm", absent)
    assert statuses(doctor.node()) == {"npm": "warning"}


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("warning", 0), ("problem", 1)])
def test_the_exit_status_tells_programs(status: doctor.Status, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "examine", lambda: [Finding("memory", status, "0.1 GB free", "close [other] programs")])
    app = typer.Typer()
    app.command()(command.doctor)
    told = CliRunner().invoke(app, ["--json"])
    assert (told.exit_code, json.loads(told.stdout)[0]["status"]) == (code, status)
    assert "close [other] programs" in CliRunner().invoke(app, []).stdout
