"""Backends of kind `llm`: what to answer. One file each; see `digiclone/stages.py` for what they must do."""
