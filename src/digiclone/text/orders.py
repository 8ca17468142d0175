"""What speaks to a language model, not to people, in text that came from elsewhere: answers that judges compare, chats
of which a persona is made.

No list finds all of it. It keeps what is known from working; whether a judge can be swayed by more is measured
(`bench/vote.py`).
"""

import re

LEFT_OUT = "[…]"
_MARK = re.compile(r"<(?=[|｜]|/?[A-Za-z][\w|｜/-]{0,40}>)|\[(?=/?INST\])")
_MARKS = re.compile(r"<[^<>]{1,40}>|\[/?INST\]")
_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")
_WHO = r"(?:judges?|voters?|evaluators?|graders?|referees?|llms?|language models?|ais?|assistants?|chatbots?)"
_LETTER = r"[\"'“(*]*[A-F]\b(?!\s\w)[\"'”)*]*"
_ORDERS = re.compile(
    rf"""
    \b(?:ignore|disregard|forget|override|bypass)\b[^.!?]{{0,40}}
        \b(?:instructions?|prompts?|rules|orders|guidelines|(?:everything|all|anything|what)\b[^.!?]{{0,20}}
        \b(?:above|before|previous|earlier))\b
  | \b(?:system|developer)\s(?:prompts?|messages?|instructions?)\b | \b(?:initial|hidden|secret)\sprompts?\b
  | \b(?:repeat|reveal|print|show|tell|output|recite|leak|quote|summari[sz]e|translate)\b[^.!?]{{0,40}}
        \b(?:your\s(?:\w+\s)?(?:prompt|instructions|persona|rules|guidelines)|(?:everything|text|words?)\sabove)\b
  | ^\W*(?:(?:please|now|always|just|and|so|you\s(?:must|should|have\sto|will))\s)*
        (?:choose|pick|select|prefer|vote\sfor)\s(?:only\s)?
        (?:(?:this|my|the\s(?:first|second|third|last|above|present))\s(?:answer|option|reply|response|one|candidate)
        |(?:the\s)?(?:answer|option|letter|candidate)\s{_LETTER}|{_LETTER}\W*$)
  | \b(?:reply|answer|respond|output|say|write|print)\s(?:only\s|just\s)?(?:with\s)?(?:only\s|just\s)?
        (?:the\s)?(?:letter\s|option\s)?{_LETTER}\W*$
  | \b(?:best|right|correct|funniest|winning|true|final|most\s\w+)\s(?:answer|option|choice|letter|vote)
        \s(?:is|must\sbe)\W{{0,3}}(?:this\sone|the\sone\sabove|(?:letter\s|option\s|answer\s)?{_LETTER})
  | \b(?:dear|attention|hey|(?:note|message|instructions?)\s(?:to|for))\W{{1,3}}(?:(?:the|all|any)\s)?{_WHO}\b
  | \b(?:if\syou\sare|you\sare\snow|you\sare\sno\slonger)\s(?:an?|the)\s(?:\w+\s)?{_WHO}\b
  | \bas\s(?:an?|the)\s(?:\w+\s)?{_WHO}\W{{1,3}}you\b
  | \byou\sare\snow\s(?:in\s)?\w+\smode\b
  | ^\W*(?:system|assistant|developer|user)\s*:
    """,
    re.IGNORECASE | re.VERBOSE,
)


def unmarked(text: str) -> str:
    """With a space in what looks like a model's own marks ("<|im_end|>", "</s>", "[INST]"): an engine would take them
    for the end of a message, and what follows for the words of somebody else."""
    return _MARK.sub(r"\g<0> ", text)


def orders(text: str) -> list[str]:
    """The sentences in it that tell a language model what to do, or speak to a judge."""
    return [sentence for sentence in _ENDS.split(text) if _ORDERS.search(_bare(sentence))]


def disarmed(text: str) -> str:
    """Without them, and without marks. What is left stands on one line."""
    found = [LEFT_OUT if _ORDERS.search(_bare(one)) else one for one in _ENDS.split(text)]
    return " ".join(" ".join(map(unmarked, found)).split())


def _bare(text: str) -> str:
    return " ".join(_MARKS.sub(" ", text).split())
