#!/usr/bin/env bash
# From nothing to the network of lipsync:heard and its figures: an hour and a half of speech is made (half an hour on two cores, nearly
# all of it Kokoro), a network is trained twice on it (a quarter of an hour), exported into the package, and judged on voices it never heard.
# Started again, it goes on where it was stopped. FOLDER (default: DIGICLONE_HOME/training/visemes) keeps what takes long.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v flite >/dev/null || { echo "flite is not here; on Debian: sudo apt-get install flite"; exit 1; }
python=${PYTHON:-.venv/bin/python}
"$python" -c 'import onnx, torch' 2>/dev/null || { echo "training needs torch; run: $python -m pip install -c constraints.txt -e '.[train]'"; exit 1; }
"$python" -m digiclone models fetch tts:hibari tts:kokoro
"$python" -m digiclone.train.visemes ${FOLDER:+--folder "$FOLDER"}
"$python" bench/visemes.py
