"""One run: chunks are paced, written and tallied until they end or somebody stops it."""

from collections.abc import Callable, Iterable

from clickstream.generator.pacing import Pacer
from clickstream.generator.records import Chunk
from clickstream.generator.tally import Tally
from clickstream.generator.writers import Writer


def run(
    chunks: Iterable[Chunk],
    pacer: Pacer,
    writer: Writer,
    tally: Tally,
    progress: Callable[[int], None],
) -> None:
    """Send chunks until they end or the pacer is stopped. The tally then holds exactly what was written.

    Args:
        chunks: from `generate` or `live`.
        pacer: cuts chunks into portions.
        writer: open; stays the caller's to close.
        tally: counts what was written.
        progress: told the records written since it was last told.
    """
    for chunk in chunks:
        done = 0
        for portion in pacer.portions(chunk):
            writer.write(portion)
            done += len(portion)
            progress(len(portion))
        # By chunk, not by portion: tallying a handful of records costs as much as thousands.
        tally.add(chunk.part(0, done))
        if pacer.stopped():
            return
