"""Backends of kind `asr`: speech to text. One file each; see `digiclone/stages.py` for what they must do."""
