"""`digiclone serve`: the page."""

import errno
import logging
import os
import secrets
import socket
import sys

import uvicorn

from digiclone.clone import clones, create, find, parse_flags
from digiclone.commands.setup import missing, setup
from digiclone.config import ConfigError
from digiclone.server.app import make_app
from digiclone.server.guard import is_loopback
from digiclone.wire import MOST_AUDIO

FIRST = "Clone"
"""The clone that a new user finds."""


def serve(clone: str, host: str, port: int, settings: list[str]) -> None:
    """Listen until Ctrl-C. What is missing is fetched first; then the network is not needed."""
    logging.basicConfig(level=os.environ.get("DIGICLONE_LOG", "WARNING"), format="%(levelname)s %(name)s: %(message)s")
    flags = parse_flags(settings)
    name = choose(clone)
    if missing(name, flags):
        setup(name, flags)
    token = None if is_loopback(host) else os.environ.get("DIGICLONE_TOKEN") or secrets.token_urlsafe(16)
    listener = listen(host, port)
    shown = f"http://{host}:{listener.getsockname()[1]}/" + (f"?token={token}" if token else "")
    print(f"{name} is waking up. Talk at {shown}  (Ctrl-C ends)", flush=True)
    if token:
        print("Others on the network can reach it there; browsers give the microphone to https or localhost only.")
    config = uvicorn.Config(
        make_app(name, token, flags),
        log_level="warning",
        ws_max_size=MOST_AUDIO,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


def choose(name: str) -> str:
    """The clone to open: the one named, the only one, or a first one made now."""
    if name:
        return find(name).name
    known = clones()
    if len(known) > 1 and FIRST.lower() not in known:
        raise ConfigError(f"which clone? --clone {' or --clone '.join(known)}")
    if not known:
        print(f"your first clone: {create(FIRST)}", file=sys.stderr)
    return known[0] if len(known) == 1 else FIRST.lower()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `ConfigError` when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with the protocol named, asyncio switches Nagle off; else small events would wait for the next frame of microphone
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(64)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(f"port {port} is taken, perhaps by another digiclone; try --port {port + 1}") from None
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return listener
