#!/usr/bin/env bash
# EdgeQAT: arms, files for the engine, speed and pictures (bench/quant.py).
#   runs/qat.sh quick    some minutes: a small Llama, few tokens, few pairs, few steps
#   runs/qat.sh full     hours on a CPU
# Started again, both go on where they were stopped. DATA is a folder with wikitext2/ and blimp/ (default: ../shared/data).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
data=${DATA:-../shared/data}
case "${1:-}" in quick) flags=--quick ;; full) flags= ;; *) echo "usage: runs/qat.sh quick|full" >&2; exit 2 ;; esac
"$python" -c 'import torch, matplotlib' 2>/dev/null || { echo "this takes more: $python -m pip install -c constraints.txt -e '.[train,plot]'"; exit 1; }
[ -f "$data/wikitext2/test.txt" ] && [ -d "$data/blimp" ] || { echo "no wikitext2/test.txt or blimp/ in $data: say DATA="; exit 1; }
export DIGICLONE_DATA=$data
"$python" bench/quant.py $flags --model bench/small.gguf     # a small Llama (train/scratch.py): all arms
[ -z "$flags" ] || exit 0
"$python" -m digiclone models fetch llm:llamacpp:smollm2-135m
"$python" bench/quant.py                                     # SmolLM2: what an engine runs
