#!/usr/bin/env bash
# Tiny-Align: from the base of readers to the table, the curves and the pictures (bench/align.py).
#   runs/align.sh quick    ten minutes: one reader, few sentences, few epochs, with the base that is part of the package
#   runs/align.sh full     many hours; with BASE=1 the base is trained anew first, three more
# Started again, both go on where they were stopped. DATA is a folder with kathleen/ and ljspeech/ (default: ../shared/data).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
data=${DATA:-../shared/data}
case "${1:-}" in quick) flags=--quick ;; full) flags= ;; *) echo "usage: runs/align.sh quick|full" >&2; exit 2 ;; esac
"$python" -c 'import onnx, torch, rouge_score' 2>/dev/null || { echo "this takes more: $python -m pip install -c constraints.txt -e '.[align,plot]'"; exit 1; }
[ -f "$data/kathleen/metadata.csv" ] || { echo "no recordings in $data/kathleen: clone rhasspy/dataset-voice-kathleen, or say DATA="; exit 1; }
"$python" -m digiclone models fetch asr:whisper tts:hibari tts:kokoro
[ -z "${BASE:-}" ] || "$python" -m digiclone.train.reader_base
DIGICLONE_DATA=$data "$python" bench/align.py $flags
