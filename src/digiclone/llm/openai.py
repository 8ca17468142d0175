"""Any OpenAI-compatible chat server: llama.cpp's, vLLM, Ollama, LM Studio, or one far away.

What is said leaves this machine if the address does. With `DIGICLONE_OFFLINE=1` only loopback addresses are called.
"""

import ipaddress
import json
import os
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from digiclone.config import ConfigError, Strict
from digiclone.text.orders import unmarked
from digiclone.types import Audio, Message
from digiclone.weights import offline

NEEDS = ("httpx",)
MODELS = ()


class Options(Strict):
    url: str = "http://127.0.0.1:8080/v1"
    """Base address: everything before `/chat/completions`."""
    model: str = "default"
    key_variable: str = "OPENAI_API_KEY"
    """The environment variable that holds the key; keys are not written into files."""
    temperature: float = 0.7
    most_tokens: int = 160
    timeout: float = 60.0
    """Seconds without a single byte before the server counts as gone."""


class ServerError(Exception):
    """The server refused or broke off."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Backend:
    def __init__(self, options: Options) -> None:
        import httpx  # noqa: PLC0415

        if offline() and not _loopback(options.url):
            raise ConfigError(f"llm:openai: DIGICLONE_OFFLINE=1 forbids {options.url}; use a server on 127.0.0.1")
        key = os.environ.get(options.key_variable)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._httpx = httpx
        self._client = httpx.Client(timeout=httpx.Timeout(options.timeout, connect=5.0), headers=headers)
        self._options = options

    def reply(self, messages: Sequence[Message], audio: Audio | None = None) -> Iterator[str]:
        o = self._options
        body = {
            "model": o.model,
            "messages": [{"role": m.role, "content": unmarked(m.text)} for m in messages],
            "stream": True,
            "temperature": o.temperature,
            "max_tokens": o.most_tokens,
        }
        url = o.url.rstrip("/") + "/chat/completions"
        try:
            with self._client.stream("POST", url, json=body) as response:
                if response.status_code != 200:
                    detail = response.read().decode("utf-8", "replace")[:300]
                    raise ServerError(f"{url} answered {response.status_code}: {detail}", "check [llm] in clone.toml")
                yield from filter(None, map(_content, _events(response.iter_lines())))
        except self._httpx.TransportError as error:
            raise ServerError(f"{url}: {error}", "is the server running? See [llm] url in clone.toml") from error


def _events(lines: Iterator[str]) -> Iterator[dict]:
    """The JSON of each server-sent event, up to `[DONE]`."""
    for line in lines:
        if line.startswith("data:"):
            data = line[5:].strip()
            if data == "[DONE]":
                return
            try:
                event = json.loads(data)
            except ValueError:
                event = None
            if not isinstance(event, dict):
                raise ServerError(f"the server sent {data[:80]!r}, which is no chat completion", "check [llm] url")
            if "error" in event:
                raise ServerError(str(event["error"]))
            yield event


def _content(event: dict) -> str:
    choices = event.get("choices") or [{}]
    return (choices[0].get("delta") or {}).get("content") or ""


def _loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
