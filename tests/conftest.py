"""Every test has a home of its own and no network; tests of real models use the real store."""

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from starlette.testclient import TestClient
from support import Counted, Open, Tab, Unlimited, eventually, threads_of

from digiclone import registry, weights
from digiclone.artifacts import Voice
from digiclone.avatar.assets import Assets, open_assets
from digiclone.avatar.default import LOOKS, MESH
from digiclone.clone import Clone, create
from digiclone.config import DEFAULTS
from digiclone.server import doubt, session
from digiclone.server.app import make_app

settings.register_profile(
    "calm", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # other work shares the cores
settings.load_profile("calm")

GIVEN = os.environ.get("DIGICLONE_HOME")
"""The store that the person who runs the tests has."""
WEIGHTLESS = {
    "vad": {"backend": "energy"},
    "asr": {"backend": "script"},
    "llm": {"backend": "echo"},
    "tts": {"backend": "tone"},
}


@pytest.fixture(autouse=True)
def _own_home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    if request.node.get_closest_marker("model") is None:
        monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if any(request.node.get_closest_marker(mark) for mark in ("network", "browser")):
        return

    def guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
        def only_here(self: socket.socket, address: Any) -> Any:
            if self.family != socket.AF_UNIX and not is_here(address[0]):
                raise AssertionError(f"a unit test reached for the network: {address}")
            return connect(self, address)

        return only_here

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))


def is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture
def weightless() -> dict[str, dict[str, Any]]:
    """Flags for twins of the models that need no weights."""
    return {kind: dict(section) for kind, section in WEIGHTLESS.items()}


@pytest.fixture
def home(request: pytest.FixtureRequest) -> Path:
    """The home; for a test of real models the given one, with every default weight in it."""
    if request.node.get_closest_marker("model"):
        lacking = [
            f.name for *_, row, default in registry.models() if default for f in row.files if not weights.present(f)
        ]
        if lacking:
            pytest.fail(f"{', '.join(lacking)} not in {weights.home()}: run `digiclone setup`", pytrace=False)
    return weights.home()


@pytest.fixture
def ada(weightless: dict[str, dict[str, Any]]) -> Path:
    """The folder of a clone that needs no weights."""
    folder = create("Ada")
    lines = [f'[{kind}]\nbackend = "{section["backend"]}"\n' for kind, section in weightless.items()]
    with (folder / "clone.toml").open("a") as file:
        file.write("\n".join(lines))
    assert set(weightless) < set(DEFAULTS)
    return folder


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages may send faster than real time: the tests have no time to lose."""
    monkeypatch.setattr(session, "Meter", Unlimited)


@pytest.fixture
def strange(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sound is like the clone's own: tones are too much alike."""
    monkeypatch.setattr(doubt, "likeness", lambda *_: 0.0)


@pytest.fixture
def app(ada: Path, weightless: dict[str, Any]) -> Counted:
    return Counted(make_app("ada", None, weightless))


@pytest.fixture
def client(app: Counted) -> Iterator[TestClient]:
    with TestClient(app, "http://localhost") as client:
        yield client
    eventually(lambda: not threads_of("asr", "llm", "tts"), "the threads of all turns are gone")


@pytest.fixture
def tabs(client: TestClient, app: Counted) -> Open:
    @contextmanager
    def open_tab(name: str = "ada") -> Iterator[Tab]:
        others = app.open
        with client.websocket_connect(f"ws://localhost/ws/{name}") as socket:
            yield Tab(socket)
            socket.close()
            eventually(lambda: app.open <= others, "the session ends by itself")

    return open_tab


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch, ada: Path) -> Any:
    """Replace a method of one of the models."""

    def replace(kind: str, method: str, with_: Any) -> None:
        monkeypatch.setattr(type(getattr(Clone(ada).cast, kind)), method, with_)

    return replace


@pytest.fixture(scope="module")
def loaded() -> Assets:
    """The archives that heads are made of."""
    return open_assets(weights.path(MESH), weights.path(LOOKS))


@pytest.fixture(scope="session")
def tiny_voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a trained voice, so small that it can only hum."""
    torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")
    pytest.importorskip("onnx", reason="training needs the extra: pip install 'digiclone[train]'")
    from digiclone.nn import glow_tts, hifigan
    from digiclone.text.symbols import SYMBOLS
    from digiclone.train.voice import write

    torch.manual_seed(0)
    net = glow_tts.GlowTTS(
        glow_tts.Dims(len(SYMBOLS), hidden=8, inner=16, layers=1, window=1, durations=8, blocks=2, wavenet=1)
    )
    vocoder = hifigan.Generator(hifigan.Dims(channels=32, kernels=(3, 5), dilations=(1, 3)))
    with torch.no_grad():
        dict(net.named_parameters())["durations.leave.bias"].fill_(0.9)  # two or three frames a symbol
        dict(vocoder.named_parameters())["conv_post.bias"].fill_(0.2)  # loud enough to be heard
    folder = tmp_path_factory.mktemp("voice")
    about = Voice(
        rate=22_050,
        right="it hums",
        made=datetime(2026, 1, 1, tzinfo=UTC),
        minutes=1.0,
        recipe="tiny",
        likelihood=0.0,
        kept=["a"],
    )
    write(folder, net.eval(), vocoder.eval(), about)
    return folder
