"""`digiclone vote …`: an election among clones, models and people, and what came of it."""

import importlib.util
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from digiclone.artifacts import write_atomically
from digiclone.commands.avatar import Json, progress
from digiclone.config import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.types import ASGIApp

    from digiclone.vote.ballot import Ballot
    from digiclone.vote.election import Election
    from digiclone.vote.report import Report
    from digiclone.vote.store import Store

app = typer.Typer(no_args_is_help=True, help="Elections: who is funniest, most authentic, best liked?")
File = Annotated[Path, typer.Argument(metavar="ELECTION.toml", help="Who stands, who judges, what is asked.")]
Host = Annotated[str, typer.Option(help="An address; anything but loopback demands a token.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")]


@app.callback()
def group() -> None:
    """Elections: who is funniest, most authentic, best liked?"""


@app.command()
def run(
    file: File,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Where judges vote: in this process, or on a Ray cluster.")
    ] = "local",
    workers: Annotated[int, typer.Option(min=1, help="Judges that vote at once on Ray; each loads its model.")] = 2,
    address: Annotated[str, typer.Option(help="Of a Ray cluster; without it, one is made on this machine.")] = "",
    as_json: Json = False,
) -> None:
    """Hold an election: candidates answer, judges vote, in every order of the candidates.

    It can be stopped at any time; the same command goes on where it was, and nobody is asked twice. Everything is kept
    in a database beside the file.
    """
    from digiclone.vote.choosers import choosers  # noqa: PLC0415
    from digiclone.vote.holding import hold  # noqa: PLC0415

    if engine == "ray" and importlib.util.find_spec("ray") is None:
        raise ConfigError("this needs Ray; run: pip install 'digiclone[cluster]'")
    election, store, who = _opened(file)
    samples = _samples(election, file.parent)
    with progress() as tell:
        if engine == "ray":
            from digiclone.vote import spread  # noqa: PLC0415

            spread.hold(election, store, who, samples, tell, workers, address)
        else:
            hold(election, store, who, choosers(election), samples, tell)
    _show(file, election, store, as_json)


@app.command()
def cost(file: File, as_json: Json = False) -> None:
    """What an election will take, before it is held, from a few answers and ballots: they are kept, and count."""
    from digiclone.vote.choosers import choosers  # noqa: PLC0415
    from digiclone.vote.cost import predict  # noqa: PLC0415

    election, store, who = _opened(file)
    with progress() as tell:
        found = predict(election, store, who, choosers(election), _samples(election, file.parent), tell)
    if as_json:
        print(json.dumps(asdict(found)))
        return
    read = f", {found.tokens:,} tokens that judges read" if found.tokens else ""
    print(f"{found.answers} answers and {found.ballots} ballots are left: about {found.seconds / 60:.1f} min{read}.")


@app.command()
def people(
    file: File,
    host: Host = "127.0.0.1",
    port: Port = 8766,
) -> None:
    """Let people vote, on a page: blind, each answer as often in each place, also on a telephone.

    Candidates answer first, if they have not. Whoever closes the page goes on where they were.
    """
    from digiclone.server.voting import make_app  # noqa: PLC0415
    from digiclone.vote.holding import answer  # noqa: PLC0415

    election, store, who = _opened(file)
    with progress() as tell:
        answer(election, store, who, tell)
    _serve("Vote", lambda token: make_app(election, store, token), host, port)


@app.command()
def watch(
    file: File,
    host: Host = "127.0.0.1",
    port: Port = 8767,
) -> None:
    """See and hear the answers, on a page: each candidate's avatar says its own, question by question."""
    from digiclone.server.watching import make_app  # noqa: PLC0415
    from digiclone.vote.aloud import spoken  # noqa: PLC0415

    election, store, _ = _opened(file)
    answers = _answers(election, store)
    if not any(text for each in answers.values() for text in each.values()):
        raise ConfigError(f"nobody has answered yet; hold it with: digiclone vote run {file}")
    with progress() as tell:
        sounds = spoken(election, answers, file.with_suffix(".sounds"), tell)
    votes = _votes(store.ballots())
    _serve("Watch", lambda token: make_app(election, answers, votes, sounds, token), host, port)


def _serve(what: str, make_app: "Callable[[str | None], ASGIApp]", host: str, port: int) -> None:
    import secrets  # noqa: PLC0415

    import uvicorn  # noqa: PLC0415

    from digiclone.commands.serve import listen  # noqa: PLC0415
    from digiclone.server.guard import is_loopback  # noqa: PLC0415

    token = None if is_loopback(host) else secrets.token_urlsafe(16)
    listener = listen(host, port)
    shown = f"http://{host}:{listener.getsockname()[1]}/{f'?token={token}' if token else ''}"
    print(f"{what} at {shown}  (Ctrl-C ends)", flush=True)
    config = uvicorn.Config(make_app(token), log_level="warning", server_header=False)
    uvicorn.Server(config).run(sockets=[listener])


@app.command()
def result(
    file: File,
    sound: Annotated[bool, typer.Option("--sound", help="Each answer is said aloud on the page, too.")] = False,
    as_json: Json = False,
) -> None:
    """What came of it so far, as figures and as a page."""
    election, store, _ = _opened(file)
    _show(file, election, store, as_json, sound)


@app.command()
def score(
    file: File,
    llm: Annotated[str, typer.Option(help="Who votes, as a judge's llm; without it, the default model.")] = "",
    audit: Annotated[bool, typer.Option(help="Ask each voter why; a reason that does not fit makes no vote.")] = True,
    as_json: Json = False,
) -> None:
    """Crowd Score: how funny voters of four humour styles find each answer, from 1 to 4, beside the votes on humour.

    It can be stopped at any time, as an election can.
    """
    from digiclone.measure.respondent import meant, respondent  # noqa: PLC0415
    from digiclone.vote.choosers import model  # noqa: PLC0415
    from digiclone.vote.crowd_score import of_answers  # noqa: PLC0415
    from digiclone.vote.holding import answer  # noqa: PLC0415
    from digiclone.vote.tally import tally  # noqa: PLC0415

    election, store, who = _opened(file)
    voter, name = model(llm), respondent(meant(llm or "llamacpp"), {}).name
    with progress() as tell:
        answer(election, store, who, tell)
        found = of_answers(election, store, voter, name, audit, tell)
    cast = [one for one in store.ballots() if one.metric == "humour" and one.outcome in ("chosen", "none")]
    shares = tally(cast, list(found)).shares if cast else {}
    votes = {who: shares[who].value if shares else None for who in found}
    told = {who: {**asdict(one), "humour_votes": votes[who]} for who, one in found.items()}
    print(json.dumps({"voter": name, "candidates": told})) if as_json else _tell_scores(told)


def _opened(file: Path) -> tuple["Election", "Store", dict]:
    from digiclone.vote.candidates import candidates, identity  # noqa: PLC0415
    from digiclone.vote.election import load  # noqa: PLC0415
    from digiclone.vote.store import Store  # noqa: PLC0415

    election = load(file)
    who = candidates(election, file.parent)
    told = identity(election, who, _samples(election, file.parent))
    return election, Store(file.with_suffix(".db"), told), who


def _samples(election: "Election", beside: Path) -> dict[str, str]:
    """What judges know of the person, by judge."""
    found = dict[str, str]()
    for judge in election.judge:
        if judge.samples:
            try:
                found[judge.name] = (beside / judge.samples).read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"judge {judge.name!r}: cannot read {beside / judge.samples}: {error}") from error
    return found


def _show(file: Path, election: "Election", store: "Store", as_json: bool, sound: bool = False) -> None:
    from digiclone.vote.aloud import spoken  # noqa: PLC0415
    from digiclone.vote.report import page, pleaded, report, told  # noqa: PLC0415

    ballots = list(store.ballots())
    names = [one.name for one in election.candidate]
    try:
        found = report(ballots, names)
    except ValueError as error:
        what = (
            f"see what judges said in {file.with_suffix('.db')}, and name others"
            if ballots
            else (f"hold it with: digiclone vote run {file}")
        )
        raise ConfigError(f"{error}; {what}") from error
    answers, place = _answers(election, store), file.with_suffix(".html")
    with progress() as tell:
        files = spoken(election, answers, file.with_suffix(".sounds"), tell) if sound else {}
    sounds = {asked: f"{one.parent.name}/{one.name}" for asked, one in files.items()}
    write_atomically(place, page(election.name, found, answers, _votes(ballots), sounds).encode())
    if as_json:
        print(json.dumps({"page": str(place), **told(found), "spoke_to_judges": pleaded(answers)}))
        return
    _tell(found)
    for name, count in pleaded(answers).items():
        print(f"{name} speaks to the judges in {count} answers: they did not see that.")
    print(f"Everything, with all answers: {place}")


def _answers(election: "Election", store: "Store") -> dict[str, dict[str, str]]:
    """By question and candidate; empty where there is none yet."""
    names = [one.name for one in election.candidate]
    return {q: {name: store.answer(name, q) or "" for name in names} for q in election.questions}


def _votes(ballots: "Iterable[Ballot]") -> dict[str, dict[str, int]]:
    """By question and candidate."""
    found: dict[str, dict[str, int]] = {}
    for one in ballots:
        if one.choice:
            counts = found.setdefault(one.question, {})
            counts[one.choice] = counts.get(one.choice, 0) + 1
    return found


def _tell(found: "Report") -> None:
    screen = Console()
    for doubt in found.doubts:
        screen.print(f"[yellow]Do not believe it: {doubt}.", highlight=False)
    columns = found.metrics | {f"{metric}, people": one for metric, one in found.people.items()}
    table = Table("", *columns, box=None, pad_edge=False)
    for name in next(iter(columns.values())).shares:
        cells = []
        for one in columns.values():
            share = one.shares[name]
            won = " *" if one.winner == name else ""
            cells.append(f"{share.value:.0%} ({share.low:.0%}-{share.high:.0%}){won}")
        table.add_row(name, *cells)
    screen.print(table)
    print("Shares of the votes with intervals of 95 %; * is ahead by more than that.")


def _tell_scores(told: "dict[str, dict]") -> None:
    table = Table("", "Crowd Score", "audited", "funny", "valid", "votes on humour", box=None, pad_edge=False)
    for name, one in told.items():
        scores = [_between(one[key], one[f"{key}_interval"]) for key in ("all_votes", "valid_votes")]
        shares = ["-" if one[key] is None else f"{one[key]:.0%}" for key in ("funny", "valid", "humour_votes")]
        table.add_row(name, *scores, *shares)
    Console().print(table)
    print("From 1, boring to everybody, to 4, funny to everybody; intervals of 95 % over questions.")


def _between(value: float | None, interval: tuple[float, float] | None) -> str:
    return f"{value:.2f} ({interval[0]:.2f}-{interval[1]:.2f})" if value is not None and interval else "-"
