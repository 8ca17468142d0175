"""Backends of kind `lipsync`: speech to visemes. One file each; see `digiclone/stages.py` for what they must do."""
