"""Recipes: from nothing to the small networks that ship with the package. The only place, with `nn`, that needs torch.

`voices.py` who speaks -> `corpus.py` what is said, kept on disk -> `augment.py` how a room and a telephone spoil it ->
`visemes.py` the training loop -> `export.py` one ONNX file. `runs/visemes.sh` does it all.
"""
