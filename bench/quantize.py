"""What fewer bits do to the default language model: size, perplexity, tokens a second; a line a run goes to
bench/results/quantize-<device>.jsonl.

    python bench/quantize.py [--quick] [--json]

Perplexity is that of the first 32,768 tokens of WikiText-2's test text, in windows of 512. `clipped` searches each
block's scale by what the columns meet while the model reads speeches; `clipped, wiki` while it reads WikiText-2's
validation text, which is closer to what judges; `clipped, unweighted` as if all columns met the same, the ablation.
The sixteen values of IQ4_NL are not evenly spaced.

`--quick`: 2,048 tokens, and the ablations are left out.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from keep import keep

from digiclone import weights
from digiclone.commands.formats import Importance, write
from digiclone.commands.quantize import LEARNT, figures, learn, read
from digiclone.llm import llamacpp
from digiclone.measure.recordings import data

MODEL = llamacpp.MODELS[0]


def table(quick: bool) -> dict[str, Any]:
    """The figures of each way to write the model, by its name."""
    source, wiki = weights.fetch(MODEL.files[0]), data() / "wikitext2"
    windows = read(source, (wiki / "test.txt").read_text("utf-8"), 2048 if quick else 32_768, _tell)
    speeches = learn(source, None, _tell)
    ways: dict[str, tuple[str, Importance | None]] = {
        "Q8_0": ("Q8_0", None),
        "Q5_0": ("Q5_0", None),
        "Q4_0": ("Q4_0", None),
        "Q4_0 clipped": ("Q4_0", speeches),
    }
    if not quick:
        ways["Q4_0 clipped, wiki"] = "Q4_0", learn(source, (wiki / "valid.txt").read_text("utf-8"), _tell)
        ways["Q4_0 clipped, unweighted"] = "Q4_0", {name: np.ones_like(values) for name, values in speeches.items()}
        ways["IQ4_NL"] = "IQ4_NL", None
        ways["IQ4_NL clipped"] = "IQ4_NL", speeches
    found = {f"as it comes, {source.name.split('.')[-2]}": _of(figures(source, windows, True, _tell))}
    with tempfile.TemporaryDirectory() as folder:
        for name, (kind, importance) in ways.items():
            file = Path(folder) / f"{name}.gguf"
            write(source, file, kind, importance, _tell)
            found[name] = _of(figures(file, windows, True, _tell))
            file.unlink()
            print(name, found[name], file=sys.stderr, flush=True)
    return {"model": MODEL.name, "perplexity_tokens": windows.size, "learnt_tokens": LEARNT, "table": found}


def _of(figures: Any) -> dict[str, Any]:
    return {key: value for key, value in asdict(figures).items() if key != "file"}


def _tell(what: str, share: float) -> None:
    if not share:
        print(what, file=sys.stderr, flush=True)


def main() -> None:
    """Measure, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer tokens and ways")
    parser.add_argument("--json", action="store_true", help="one line, for machines")
    options = parser.parse_args()
    found = table(options.quick)
    keep("quantize", options.quick, found)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
