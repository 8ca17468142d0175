#!/usr/bin/env bash
# From nothing to the network that measures faces in space, and its figures: 60,000 people who do not exist are drawn (100 minutes on
# two cores), MediaPipe's Face Mesh is taught on them (80 minutes), exported into the package, and judged on people drawn in another way.
# Started again, it goes on where it was stopped. FOLDER (default: DIGICLONE_HOME/training/faces) keeps what takes long: 16 GB.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
"$python" -c 'import onnx, torch' 2>/dev/null || { echo "training needs torch; run: $python -m pip install -c constraints.txt -e '.[train]'"; exit 1; }
"$python" -m digiclone models fetch avatar:photo
"$python" -m digiclone.train.faces ${FOLDER:+--folder "$FOLDER"}
"$python" bench/faces.py
