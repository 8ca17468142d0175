#!/usr/bin/env bash
# Crowd Vote: simulated and real judges, cost, Ray, "who said this" (bench/vote.py).
#   runs/vote.sh quick    ten minutes: fewer of everything
#   runs/vote.sh full     hours on a CPU
# Started again, both go on where they were stopped. DATA is a folder with speeches/ (default: ../shared/data).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
case "${1:-}" in quick) flags=--quick ;; full) flags= ;; *) echo "usage: runs/vote.sh quick|full" >&2; exit 2 ;; esac
"$python" -c 'import ray' 2>/dev/null || { echo "this takes more: $python -m pip install -c constraints.txt -e '.[cluster]'"; exit 1; }
"$python" -m digiclone models fetch llm:llamacpp:smollm2-135m llm:llamacpp:tinyllama-1.1b-chat meaning:minilm
DIGICLONE_DATA=${DATA:-../shared/data} "$python" bench/vote.py $flags
