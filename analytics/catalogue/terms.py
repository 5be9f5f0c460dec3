"""Words of a text and of a query, so that a plain index of MongoDB answers searches in any language.

MongoDB's own text index cuts Chinese at spaces only, cannot match the beginning of a word, and not every server that
speaks its protocol has one. Here a text becomes terms: words without case and accents, and for scripts that are written
without spaces each character and each pair of neighbours. A query matches where all of its terms are; the last word
may be the beginning of one, for it may still be being typed.
"""

import re
import unicodedata
from typing import Any

MOST_TERMS = 400
_LONGEST = 40
_WORD = re.compile(r"\w+")
# Han, Hiragana, Katakana, Hangul is spaced but its words take endings; Thai, Lao, Khmer, Myanmar.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]+"
)


def terms(*texts: str) -> list[str]:
    """The terms of texts, each once, in the order in which they come; at most MOST_TERMS."""
    found: dict[str, None] = {}
    for text in texts:
        for run, spaced in _runs(text):
            if spaced:
                found[run[:_LONGEST]] = None
            else:
                found.update(dict.fromkeys((*run, *_pairs(run))))
        if len(found) >= MOST_TERMS:
            break
    return list(found)[:MOST_TERMS]


def query(text: str, field: str) -> dict[str, Any] | None:
    """A filter: documents whose `field` has all terms of the text; None where the text has none.

    Each condition names values, or the beginning of one, so an index on the field serves it.
    """
    runs = _runs(text)
    conditions: list[dict[str, Any]] = []
    for position, (run, spaced) in enumerate(runs):
        if spaced and position == len(runs) - 1 and text[-1:].isalnum():
            conditions.append({field: {"$regex": f"^{re.escape(run[:_LONGEST])}"}})
        elif spaced:
            conditions.append({field: run[:_LONGEST]})
        else:
            conditions += [{field: term} for term in (_pairs(run) or [run])]
    return {"$and": conditions} if conditions else None


def _runs(text: str) -> list[tuple[str, bool]]:
    """Words, and within them the runs of scripts with spaces (True) and without (False)."""
    runs: list[tuple[str, bool]] = []
    for word in _WORD.findall(_plain(text)):
        at = 0
        for match in _UNSPACED.finditer(word):
            if match.start() > at:
                runs.append((word[at : match.start()], True))
            runs.append((match[0], False))
            at = match.end()
        if at < len(word):
            runs.append((word[at:], True))
    return runs


def _plain(text: str) -> str:
    """Without case, width, and accents: marks are dropped from Latin, Greek and Cyrillic letters only."""
    kept: list[str] = []
    for character in unicodedata.normalize("NFKD", text.casefold()):
        if unicodedata.combining(character) and kept and kept[-1] < "\u0530":
            continue
        kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]
