"""A made-up model is a whole GGUF file, as large as the real one, and the engine runs it."""

from pathlib import Path

import numpy as np
import pytest

from digiclone.measure import engine
from digiclone.measure.alone import NotMeasured
from digiclone.plan import catalogue, shaped
from digiclone.plan.cost import Shape

SMALL = Shape(layers=2, hidden=64, inner=128, heads=2, kv_heads=1, head_dim=32, vocabulary=2048, tied=False)


@pytest.mark.parametrize("form", shaped.FORMS)
@pytest.mark.parametrize("tied", [True, False])
def test_it_has_every_tensor_and_weights_like_trained_ones(form: str, tied: bool, tmp_path: Path) -> None:
    shape = SMALL.model_copy(update={"tied": tied})
    from gguf import GGUFReader, dequantize

    file = tmp_path / "made.gguf"
    shaped.write(shape, form, file)
    tensors = {one.name: one for one in GGUFReader(file).tensors}
    assert len(tensors) == 2 + (not tied) + 9 * shape.layers
    counted = sum(one.n_elements for one in tensors.values()) - (2 * shape.layers + 1) * shape.hidden
    assert counted == shape.layers * shape.layer_weights + (1 if tied else 2) * shape.vocabulary * shape.hidden
    for name, (rows, columns) in shaped.matrices(shape):
        found = dequantize(tensors[name].data, tensors[name].tensor_type)
        assert found.shape == (rows, columns)
        assert float(found.std()) == pytest.approx(shaped.SPREAD, rel=0.1)
        assert abs(float(found.mean())) < 0.3 * shaped.SPREAD
        assert np.isfinite(found).all()


def test_the_output_keeps_eight_bits(tmp_path: Path) -> None:
    from gguf import GGUFReader

    shaped.write(SMALL, "Q4_0", tmp_path / "made.gguf")
    kinds = {one.name: one.tensor_type.name for one in GGUFReader(tmp_path / "made.gguf").tensors}
    assert kinds["output.weight"] == "Q8_0"
    assert kinds["token_embd.weight"] == kinds["blk.0.ffn_up.weight"] == "Q4_0"


def test_what_cannot_be_made_up_is_refused(tmp_path: Path) -> None:
    for shape, form in ((SMALL, "Q4_K_M"), (SMALL.model_copy(update={"gated": False}), "F16")):
        with pytest.raises(ValueError, match="gated models in"):
            shaped.write(shape, form, tmp_path / "made.gguf")
    assert not list(tmp_path.iterdir())


def test_the_engine_runs_it(tmp_path: Path) -> None:
    file = tmp_path / "made.gguf"
    shaped.write(SMALL, "Q8_0", file)
    found = engine.measure(file, threads=1, context=512, jobs=[(16, 4), (64, 8)])
    assert [(run.prompt, run.written) for run in found.runs] == [(16, 4), (64, 8)]
    assert all(run.read_s > 0 and run.token_s > 0 for run in found.runs)
    assert found.memory > file.stat().st_size


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"nothing")
    with pytest.raises(NotMeasured, match="bad"):
        engine.measure(tmp_path / "bad.gguf", 1, 512, [(8, 2)])


def test_its_size_is_that_of_the_real_one(tmp_path: Path) -> None:
    row = catalogue.language_models()["smollm2-135m-instruct"]
    for form in row.made:
        shaped.write(row.shape, form, tmp_path / "made.gguf")
        assert (tmp_path / "made.gguf").stat().st_size == pytest.approx(row.bytes[form], rel=0.01)
