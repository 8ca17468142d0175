"""`digiclone quantize`: what it writes, what it says of it, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_llama
from gguf import GGMLQuantizationType, GGUFReader, dequantize  # noqa: TID253
from gguf.quants import quantize as quantize_in_python  # noqa: TID253
from typer.testing import CliRunner

from digiclone import weights
from digiclone.cli import app
from digiclone.commands import formats, quantize
from digiclone.config import ConfigError
from digiclone.llm import llamacpp
from digiclone.requantise import BESIDE, FORMATS, requantise, rounded

BITS = {
    "F16": 16, "BF16": 16, "Q8_0": 8.5, "Q6_K": 6.6, "Q5_1": 6, "Q5_K": 5.5, "Q5_0": 5.5, "Q4_1": 5, "Q4_K": 4.5,
    "IQ4_NL": 4.5, "Q4_0": 4.5, "IQ4_XS": 4.25, "Q3_K": 3.4, "Q2_K": 2.6,
}  # fmt: skip


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return tiny_llama.make(tmp_path / "tiny-F16.gguf")


def run(*words: object) -> str:
    """What the command prints. Raises what it raises."""
    result = CliRunner().invoke(app, ["quantize", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def kinds(file: Path) -> dict[str, str]:
    return {tensor.name: tensor.tensor_type.name for tensor in GGUFReader(file).tensors}


def plain(file: Path) -> dict[str, np.ndarray]:
    return {t.name: np.array(dequantize(t.data, t.tensor_type)) for t in GGUFReader(file).tensors}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("source", ["F32", "F16", "Q8_0"])
def test_every_format_is_written_and_near(tmp_path: Path, kind: str, source: str) -> None:
    before = tiny_llama.make(tmp_path / "before.gguf", source)
    requantise(before, tmp_path / "after.gguf", kind)
    found, was, now = kinds(tmp_path / "after.gguf"), plain(before), plain(tmp_path / "after.gguf")
    assert found["blk.1.ffn_down.weight"] == BESIDE.get(kind, kind), "its rows of 96 are no multiple of 256"
    assert found["token_embd.weight"] == ("Q8_0" if BITS[kind] < 8 else kind), "it chooses every word"
    assert found["blk.0.attn_norm.weight"] == "F32"
    for name, values in was.items():
        assert np.abs(values - now[name]).max() <= 2.5 * 2.0 ** -min(BITS[kind], 9) * np.abs(values).max(), name
    about = {key: field.contents() for key, field in GGUFReader(tmp_path / "after.gguf").fields.items()}
    old = {key: field.contents() for key, field in GGUFReader(before).fields.items()}
    changed = {key for key in old | about if old.get(key) != about.get(key)}
    assert changed <= {"general.file_type", "general.quantization_version", "GGUF.kv_count"}


def test_an_output_layer_of_its_own_keeps_its_bits(tmp_path: Path) -> None:
    requantise(tiny_llama.make(tmp_path / "tiny.gguf", tied=False), tmp_path / "out.gguf", "Q4_0")
    found = kinds(tmp_path / "out.gguf")
    assert (found["output.weight"], found["token_embd.weight"]) == ("Q8_0", "Q4_0")


def test_what_is_in_the_format_already_is_copied(tmp_path: Path) -> None:
    before = tiny_llama.make(tmp_path / "before.gguf", "Q4_1")
    requantise(before, tmp_path / "after.gguf", "Q4_1")
    one, two = (GGUFReader(file).tensors for file in (before, tmp_path / "after.gguf"))
    assert all(np.array_equal(a.data, b.data) for a, b in zip(one, two, strict=True) if a.name != "token_embd.weight")


def test_another_may_encode_what_it_knows(tiny: Path, tmp_path: Path) -> None:
    asked = list[str]()

    def encode(name: str, matrix: np.ndarray) -> np.ndarray | None:
        asked.append(name)
        rows, columns = matrix.shape
        return np.zeros((rows, columns // 32 * 18), np.uint8) if "ffn_up" in name else None

    requantise(tiny, tmp_path / "out.gguf", "Q4_0", encode)
    now = plain(tmp_path / "out.gguf")
    assert len(asked) == 7 * tiny_llama.LAYERS, "the token table is not in Q4_0"
    assert not now["blk.1.ffn_up.weight"].any()
    assert now["blk.1.ffn_gate.weight"].any()


@pytest.mark.parametrize("kind", ["Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0"])
def test_llama_cpps_two_quantisers_agree(kind: str) -> None:
    matrix = np.random.default_rng(0).normal(size=(3, 512)).astype(np.float32)
    target = GGMLQuantizationType[kind]
    one, two = (dequantize(blocks, target) for blocks in (rounded(matrix, kind), quantize_in_python(matrix, target)))
    assert np.abs(one - two).max() < 2e-3 * np.abs(matrix).max()


@pytest.mark.parametrize("kind", [kind for kind, bits in BITS.items() if bits < 8])
def test_what_matters_is_kept_best(kind: str) -> None:
    matrix = np.random.default_rng(0).normal(size=(64, 512)).astype(np.float32)
    matters = np.where(np.arange(512) % 8 == 0, 100.0, 0.01)
    target = GGMLQuantizationType[kind]
    lost = [
        float((((dequantize(rounded(matrix, kind, how), target) - matrix) ** 2) * matters).sum())
        for how in (None, matters)
    ]
    assert lost[1] < 0.9 * lost[0]


# ── the command ──


def test_it_measures_both_in_one_object(tiny: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    text, own = tmp_path / "judge.txt", tmp_path / "own.txt"
    text.write_text("the other day this was so. " * 60, "utf-8")
    own.write_text("what people say to each other, this and that. " * 40, "utf-8")
    out = tmp_path / "small" / "small.gguf"
    found = json.loads(
        run(tiny, "--to", "q4_0", "--clip", "--text", own, "--perplexity", text, "--tokens", 1100, "-o", out, "--json")
    )
    before, after = found["before"], found["after"]
    assert (found["format"], found["clipped"], found["perplexity_tokens"]) == ("Q4_0", True, 1024)
    assert after["file"] == str(out)
    assert after["bytes"] == out.stat().st_size < before["bytes"]
    assert 4.5 < after["bits_per_weight"] < 8.6 < before["bits_per_weight"] < 17
    assert min(before["perplexity"], after["perplexity"], before["tokens_per_s"], after["tokens_per_s"]) > 1
    assert kinds(out)["blk.0.attn_k.weight"] == "Q4_0"


def test_clipping_is_told_by_what_the_model_meets(tiny: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    own = tmp_path / "own.txt"
    own.write_text("what people say to each other, this and that. " * 40, "utf-8")
    importance = quantize.learn(tiny, own.read_text("utf-8"), lambda what, share: None)
    files = {how: tmp_path / f"{how}.gguf" for how in ("usual", "clipped")}
    for how, file in files.items():
        formats.write(tiny, file, "Q4_0", importance if how == "clipped" else None, lambda what, share: None)
    was, usual, clipped = plain(tiny), plain(files["usual"]), plain(files["clipped"])
    for name, driven in importance.items():
        lost = [float(((now[name] - was[name]) ** 2 * driven).sum()) for now in (usual, clipped)]
        assert lost[1] < 0.97 * lost[0], name
    assert np.array_equal(usual["token_embd.weight"], clipped["token_embd.weight"])


def test_the_table_is_for_people(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGICLONE_DATA", str(tmp_path))
    printed = run(tiny, "--to", "Q8_0")
    assert "tiny-F16.gguf" in printed
    assert "tiny.Q8_0.gguf" in printed, "beside the model, named after its format"
    assert (tmp_path / "tiny.Q8_0.gguf").is_file()
    assert "set DIGICLONE_DATA, or name a text with --perplexity" in " ".join(printed.split())


def test_without_measuring_it_only_writes(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digiclone.measure.engine.measure", None)
    found = json.loads(run(tiny, "--to", "Q4_1", "--no-measure", "--json"))
    assert found["after"]["perplexity"] is None
    assert found["after"]["tokens_per_s"] is None
    assert found["after"]["bits_per_weight"] < 7


def test_a_model_of_the_catalogue_is_written_into_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(quantize, "bring", lambda files: None)
    monkeypatch.setattr(quantize, "path", lambda file: tiny)
    run("llm:llamacpp:smollm2-135m", "--to", "Q8_0", "--no-measure")
    assert kinds(tmp_path / "smollm2-135m.Q8_0.gguf")["blk.0.ffn_up.weight"] == "Q8_0"


# ── what it refuses ──


def test_refusals(tiny: Path, tmp_path: Path) -> None:
    nothing, other = tmp_path / "nothing.gguf", tmp_path / "other.gguf"
    other.write_bytes(b"something else altogether")
    there = tmp_path / "there.gguf"
    there.write_bytes(b"precious")
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(tiny.read_bytes()[:20_000])
    letter = tmp_path / "letter.txt"
    letter.write_text("this and that " * 400, "utf-8")
    for words, complaint in [
        ((tiny, "--to", "Q40"), "there is no format 'Q40'; did you mean 'Q4_0'?"),
        ((tiny, "--to", "Q4_K_M"), "there is no format 'Q4_K_M'; did you mean 'Q4_K'?"),
        ((nothing, "--to", "Q4_0"), f"there is no file {nothing}"),
        (("smollm2", "--to", "Q4_0"), "there is no file smollm2; the catalogue's are called as llm:llamacpp:"),
        (("tts:hibari", "--to", "Q4_0"), "is not one language model"),
        ((other, "--to", "Q4_0"), "is no GGUF file"),
        ((cut, "--to", "Q4_0"), "is cut off or damaged"),
        ((tiny, "--to", "Q4_0", "-o", there), "is there already; name another file, or say --force"),
        ((tiny, "--to", "Q4_0", "-o", tiny, "--force"), "is the model itself"),
        ((tiny, "--to", "Q4_0", "-o", tmp_path, "--force"), "is there already"),
        ((tiny, "--to", "Q8_0", "--clip"), "--clip is for formats with fewer than eight bits"),
        ((tiny, "--to", "Q4_0", "--text", letter), "--text is what --clip reads"),
        ((tiny, "--to", "Q4_0", "--clip", "--text", letter, "--perplexity", letter), "cannot both teach and judge"),
        ((tiny, "--to", "Q4_0", "--clip", "--text", nothing, "--no-measure"), f"cannot read {nothing}"),
    ]:
        with pytest.raises(ConfigError) as error:
            run(*words)
        assert complaint in str(error.value)
    assert there.read_bytes() == b"precious"
    assert {file.name for file in tmp_path.iterdir()} == {f.name for f in (tiny, other, there, cut, letter)}


def test_force_writes_over(tiny: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.gguf"
    there.write_bytes(b"old")
    run(tiny, "--to", "Q4_0", "-o", there, "--force", "--no-measure")
    assert kinds(there)["blk.0.ffn_up.weight"] == "Q4_0"


def test_a_part_of_a_model_is_refused(tmp_path: Path) -> None:
    file = tiny_llama.make(tmp_path / "a-00001-of-00003.gguf", parts=3)
    with pytest.raises(ConfigError, match="is one of 3 parts"):
        run(file, "--to", "Q4_0")


def test_nothing_is_left_of_what_failed(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(formats, "requantise", full)
    with pytest.raises(ConfigError, match=r"cannot write .*: No space left on device"):
        run(tiny, "--to", "Q4_0", "--no-measure")
    assert [file.name for file in tmp_path.iterdir()] == [tiny.name]


def test_without_torch_it_still_writes(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = quantize.importlib.util.find_spec
    monkeypatch.setattr(
        quantize.importlib.util, "find_spec", lambda name: None if name == "torch" else real(name)
    )  # fmt: skip
    judge = tmp_path / "wikitext2" / "test.txt"
    judge.parent.mkdir()
    judge.write_text("this and that", "utf-8")
    monkeypatch.setenv("DIGICLONE_DATA", str(tmp_path))
    found = json.loads(run(tiny, "--to", "Q4_0", "--json"))
    assert found["after"]["perplexity"] is None
    assert found["after"]["tokens_per_s"] > 1
    assert "pip install 'digiclone[train]'" in found["unmeasured"]
    for words in (["--clip"], ["--perplexity", str(judge)]):
        with pytest.raises(ConfigError, match="needs torch; run: pip install"):
            run(tiny, "--to", "Q4_0", "-o", tmp_path / "new.gguf", *words)


def test_other_architectures_have_no_perplexity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantize, "figures", lambda file, windows, timed, tell: quantize.Figures(str(file), 1, 1.0))
    file = tiny_llama.make(tmp_path / "q.gguf", architecture="qwen2")
    found = json.loads(run(file, "--to", "Q8_0", "--json"))
    assert "torch has the architecture llama only, and this is a qwen2" in found["unmeasured"]
    with pytest.raises(ConfigError, match="is a qwen2; in torch there is only llama"):
        run(file, "--to", "Q4_0", "--clip")


# ── the real model ──


@pytest.mark.model
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("home")
def test_clipping_wins_back_a_part_of_what_four_bits_lose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(quantize, "LEARNT", 1024)
    from digiclone.measure.recordings import data

    text = data() / "wikitext2" / "valid.txt"
    if not text.is_file():
        pytest.skip("no WikiText-2: set DIGICLONE_DATA")

    def tell(what: str, share: float) -> None:
        pass

    source = weights.path(llamacpp.MODELS[0].files[0])
    windows = quantize.read(source, text.read_text("utf-8"), 1024, tell)
    importance: Any = quantize.learn(source, None, tell)
    found = list[float]()
    for kind, known in (("Q8_0", None), ("Q4_0", importance), ("Q4_0", None)):
        file = tmp_path / "real.gguf"
        formats.write(source, file, kind, known, tell)
        found.append(quantize.figures(file, windows, False, tell).perplexity or 0)
    best, clipped, usual = found
    assert best < clipped < usual
    assert (usual - clipped) / (usual - best) > 0.2
