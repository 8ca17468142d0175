"""What goes wrong with the models themselves is said in a sentence that names the file and the remedy."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from support import kinds

from digiclone import registry, weights
from digiclone.server.app import make_app
from digiclone.wire import decode

HOST = {"host": "localhost"}


def test_a_missing_model_is_named_with_what_to_run() -> None:
    with pytest.raises(weights.Missing, match=r"hibari\.onnx .*digiclone models fetch hibari\.onnx"):
        registry.load("tts", "hibari")


def test_a_clone_that_cannot_wake_says_why_to_its_page(ada: Path, weightless: dict[str, Any]) -> None:
    del weightless["tts"]
    (ada / "clone.toml").write_text('name = "Ada"\n')
    with TestClient(make_app("ada", None, weightless), "http://localhost") as client:
        with client.websocket_connect("/ws/ada", headers=HOST) as socket:
            event, _ = decode(socket.receive_bytes())
            assert (event["type"], event["stage"]) == ("Failed", "clone")
            assert "digiclone models fetch" in event["error"]
            with pytest.raises(WebSocketDisconnect) as closed:
                socket.receive_bytes()
            assert closed.value.code == 1011
        with client.websocket_connect("/ws/nobody", headers=HOST) as socket:
            assert kinds([decode(socket.receive_bytes())[0]]) == ["Failed"]


@pytest.mark.model
@pytest.mark.parametrize("harm", ["zeroed", "cut"])
def test_a_damaged_model_is_found_out(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    (file,) = registry.find("tts", "hibari", "heart").files
    place = tmp_path / weights.path(file).relative_to(home)
    place.parent.mkdir(parents=True)
    shutil.copyfile(weights.path(file), place)
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path))
    assert registry.load("tts", "hibari"), "whole, it loads"
    place.write_bytes(bytes(file.bytes if harm == "zeroed" else file.bytes // 2))
    with pytest.raises((registry.Broken, weights.Missing), match=r"damaged.*digiclone models fetch hibari\.onnx"):
        registry.load("tts", "hibari")


@pytest.mark.model
def test_the_rewritten_language_model_is_made_again_when_it_was_changed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weights").symlink_to(home / "weights")
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path))
    registry.load("llm", "llamacpp")
    (made,) = (tmp_path / "derived").iterdir()
    made.chmod(0o600)
    made.write_bytes(b"not a model")
    assert registry.load("llm", "llamacpp")
    assert made.stat().st_size > 1e8
