#!/usr/bin/env bash
# From recordings to the voice that comes with the package, and its card: Kathleen's sentences become one long recording, that a dataset (a
# half an hour on two slow cores), that a voice (half an hour), and the voice is judged by sentences that it never learnt from.
# The base that it begins with is part of the package; with BASE=1 it is trained anew first: six hours of speech by the default voice, an
# hour for each round of training. Started again, it goes on where it was stopped. DATA is a folder with kathleen/ and ljspeech/ (default: ../shared/data).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
data=${DATA:-../shared/data}
"$python" -c 'import onnx, torch, av' 2>/dev/null || { echo "making a voice takes more: $python -m pip install -c constraints.txt -e '.[voice]'"; exit 1; }
[ -f "$data/kathleen/metadata.csv" ] || { echo "no recordings in $data/kathleen: clone rhasspy/dataset-voice-kathleen, or say DATA="; exit 1; }
"$python" -m digiclone models fetch voice:train asr:whisper tts:hibari tts:kokoro
[ -z "${BASE:-}" ] || "$python" -m digiclone.train.base
"$python" -m digiclone.train.kathleen "$data/kathleen"
DIGICLONE_DATA=$data "$python" bench/voice.py
