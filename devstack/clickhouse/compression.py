"""HTTP content codings, with the same names and the same order of preference as the server's."""

import importlib
import lzma
import zlib
from collections.abc import Callable
from typing import Any, Protocol

import lz4.frame
import zstandard

from devstack.clickhouse.errors import QueryError


class Compressor(Protocol):
    """Compresses a stream piece by piece; the pieces joined are the whole coded stream."""

    def compress(self, data: bytes) -> bytes:
        """Take the next piece in and give out what is ready."""

    def flush(self) -> bytes:
        """Give out the rest and end the stream."""


class _Lz4Compressor:
    def __init__(self) -> None:
        self._context = lz4.frame.LZ4FrameCompressor()
        self._begun = False

    def compress(self, data: bytes) -> bytes:
        head = b"" if self._begun else self._context.begin()
        self._begun = True
        return bytes(head + self._context.compress(data))

    def flush(self) -> bytes:
        head = b"" if self._begun else self._context.begin()
        self._begun = True
        return bytes(head + self._context.flush())


class _BrotliCompressor:
    def __init__(self, module: Any) -> None:
        self._context = module.Compressor(quality=3)

    def compress(self, data: bytes) -> bytes:
        return bytes(self._context.process(data))

    def flush(self) -> bytes:
        return bytes(self._context.finish())


def _brotli() -> Any | None:
    """The brotli library, which is no requirement: without it `br` is not offered."""
    try:
        return importlib.import_module("brotli")
    except ImportError:
        return None


_COMPRESSORS: dict[str, Callable[[], Compressor]] = {
    "lz4": _Lz4Compressor,
    "gzip": lambda: zlib.compressobj(level=3, wbits=31),
    "deflate": lambda: zlib.compressobj(level=3),
    "xz": lambda: lzma.LZMACompressor(preset=1),
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
}


def negotiate(accept_encoding: str) -> tuple[str, Compressor] | None:
    """Choose a coding for an answer.

    Args:
        accept_encoding: The request's header.

    Returns:
        Name of the coding and a compressor for it; None if the client takes none that is known.
    """
    offered = {part.split(";")[0].strip().lower() for part in accept_encoding.split(",")}
    if "br" in offered and (module := _brotli()) is not None:
        return "br", _BrotliCompressor(module)
    for name, make in _COMPRESSORS.items():
        if name in offered:
            return name, make()
    return None


def decompress(coding: str, data: bytes) -> bytes:
    """Undo a request's Content-Encoding.

    Raises:
        QueryError: The coding is unknown (NOT_IMPLEMENTED), or the data are broken or end too early.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return data
    decoder, code, name = _decoder(coding)
    try:
        return decoder(data)
    except Exception as error:
        raise QueryError(code, name, f"Cannot decompress the {coding} body of the request: {error}.") from error


def _decoder(coding: str) -> tuple[Callable[[bytes], bytes], int, str]:
    match coding:
        case "gzip" | "x-gzip":
            return lambda data: _inflate(data, 31), 354, "ZLIB_INFLATE_FAILED"
        case "deflate":
            return lambda data: _inflate(data, 15), 354, "ZLIB_INFLATE_FAILED"
        case "lz4":
            return _unlz4, 618, "LZ4_DECODER_FAILED"
        case "zstd":
            return _unzstd, 561, "ZSTD_DECODER_FAILED"
        case "xz":
            return lzma.decompress, 554, "LZMA_STREAM_DECODER_FAILED"
        case "br" if (module := _brotli()) is not None:
            return module.decompress, 448, "BROTLI_READ_FAILED"
    raise QueryError(48, "NOT_IMPLEMENTED", f"Unknown compression method: {coding}.")


def _inflate(data: bytes, wbits: int) -> bytes:
    parts = []
    while data:
        context = zlib.decompressobj(wbits)
        parts += [context.decompress(data), context.flush()]
        if not context.eof:
            raise EOFError("the stream ends too early")
        data = context.unused_data
    return b"".join(parts)


def _unlz4(data: bytes) -> bytes:
    parts = []
    while data:
        context = lz4.frame.LZ4FrameDecompressor()
        parts.append(context.decompress(data))
        if not context.eof:
            raise EOFError("the stream ends too early")
        data = context.unused_data or b""
    return b"".join(parts)


def _unzstd(data: bytes) -> bytes:
    parts = []
    while data:
        context = zstandard.ZstdDecompressor().decompressobj()
        parts.append(context.decompress(data))
        if not context.eof:
            raise EOFError("the stream ends too early")
        data = context.unused_data
    return b"".join(parts)
