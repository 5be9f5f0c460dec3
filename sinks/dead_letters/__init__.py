"""Events that could not be stored, or were refused: their records, and the files that keep the former for a replay."""

from sinks.dead_letters.files import DeadLetterFiles
from sinks.dead_letters.reader import Found, Unreadable, dead_letter_files, read_dead_letters, read_file, retire
from sinks.dead_letters.record import DeadLetter, Kept, Rejected, decode_dead_letter, decode_rejected, encode, kept

__all__ = [
    "DeadLetter",
    "DeadLetterFiles",
    "Found",
    "Kept",
    "Rejected",
    "Unreadable",
    "dead_letter_files",
    "decode_dead_letter",
    "decode_rejected",
    "encode",
    "kept",
    "read_dead_letters",
    "read_file",
    "retire",
]
