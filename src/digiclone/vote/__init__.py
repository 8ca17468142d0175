"""Crowd Vote: an election in which language models, or people, choose among answers to the same question."""
