"""Readers of downloaded data files: MNIST's and CIFAR-10's, which are checked and never executed.

The files are plain bytes with a fixed layout; nothing is unpickled. What does not fit the layout is a
ValueError that names the file, the offset in bytes, what was expected there and what was found. A
header is held against the length of its file before anything is read, and what it promises is the most
that is decompressed, so that a small file cannot take a large memory.
"""

from __future__ import annotations

import math
import os
import zlib
from os import PathLike
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from nn.arguments import float_type

if TYPE_CHECKING:
    from pathlib import Path


Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]
Where = str | PathLike[str]

GZIP = b"\x1f\x8b"
CHUNK = 1 << 16
RATIO = 1032
"""The most bytes that one byte of gzip can stand for."""
MOST_AXES = 32
"""The axes that an array of any version of NumPy can have."""

KINDS = {
    0x08: ">u1",
    0x09: ">i1",
    0x0B: ">i2",
    0x0C: ">i4",
    0x0D: ">f4",
    0x0E: ">f8",
}
"""The IDX format's codes for the type of numbers; all are stored with the high byte first."""

PARTS = {"train": "train", "test": "t10k"}
RECORD = 1 + 3 * 32 * 32


def wrong(file: Path, offset: int, expected: str, found: str) -> NoReturn:
    """Raise the one error of this module."""
    raise ValueError(f"{file}: at byte {offset}: expected {expected}, found {found}")


def shown(data: bytes) -> str:
    """Bytes for a message."""
    return data.hex(" ") if data else "the end of the file"


# --- bytes, compressed or not ----------------------------------------


class Source:
    """The bytes of a file in order, decompressed when they are gzip's, never more than are asked for.

    What a header promises bounds what is read, and so the memory that a small file can take. A name in
    .gz must be true. Offsets in errors about gzip are those of the .gz file.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.stream = file.open("rb")
        self.length = os.fstat(self.stream.fileno()).st_size
        self.member: Any = None  # the decompressor, inside one of the streams that make a gzip file
        self.waiting = self.stream.read(CHUNK)
        self.offset = 0  # of what is waiting
        self.packed = self.waiting[:2] == GZIP

    def __enter__(self) -> Source:
        if self.file.suffix == ".gz" and not self.packed:
            self.close()
            wrong(self.file, 0, f"{shown(GZIP)} (gzip)", shown(self.waiting[:2]))
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.stream.close()

    def can_hold(self, count: int) -> bool:
        """Whether the file is long enough for so many bytes, which is known before they are read."""
        return count <= (self.length * RATIO if self.packed else self.length)

    def read(self, count: int) -> bytes:
        """The next bytes: as many as asked for, or fewer at the end of the file."""
        if self.packed:
            return self._unpacked(count)
        held, self.waiting = self.waiting[:count], self.waiting[count:]
        more = count - len(held)
        return held + self.stream.read(more) if more else held

    def _unpacked(self, count: int) -> bytes:
        out = bytearray()
        while len(out) < count:
            if not self.waiting:
                self.offset = self.stream.tell()
                self.waiting = self.stream.read(CHUNK)
            if self.member is None:
                if not self.waiting:
                    break
                if len(self.waiting) < 2:
                    self.waiting += self.stream.read(1)
                if self.waiting[:2] != GZIP:
                    rest = self.length - self.offset
                    wrong(self.file, self.offset, "the end of the file", f"{rest} more bytes")
                self.member = zlib.decompressobj(wbits=31)
            out += self._piece(count - len(out))
        return bytes(out)

    def _piece(self, most: int) -> bytes:
        """Some bytes of the stream, whose checksum is compared where it ends."""
        before = self.member.copy()
        try:
            piece: bytes = self.member.decompress(self.waiting, most)
        except zlib.error as error:
            at = self.offset + first_bad(before, self.waiting)
            wrong(self.file, at, "valid gzip data", str(error))
        ended = self.member.eof
        if not (self.waiting or piece or ended):
            wrong(self.file, self.length, "more of the gzip stream", "the end of the file")
        rest = self.member.unused_data if ended else self.member.unconsumed_tail
        self.offset += len(self.waiting) - len(rest)
        self.waiting = rest
        if ended:
            self.member = None
        return piece


def first_bad(stream: Any, chunk: bytes) -> int:
    """The first byte of a chunk at which decompression fails."""
    for i in range(len(chunk)):
        try:
            stream.decompress(chunk[i : i + 1])
        except zlib.error:
            return i
    return len(chunk)


# --- MNIST ----------------------------------------


def idx(path: Where) -> Array:
    """The array in one IDX file, gzip or not: MNIST's format.

    Two zero bytes, a byte for the type of numbers, a byte for the number of axes, the length of each
    axis as four bytes with the high one first, and the numbers, last axis fastest.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not of that layout, too short or too long.

    Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
    """
    with Source(checked_path(path, "idx")) as source:
        return numbers(source, *header(source))


def header(source: Source) -> tuple[Any, tuple[int, ...]]:
    """The type of numbers and the lengths of the axes."""
    file, first = source.file, source.read(4)
    if first[:2] != b"\0\0":
        wrong(file, 0, "00 00 (an IDX file)", shown(first[:2]))
    if len(first) < 4:
        wrong(file, 2, "a type and a number of axes (2 bytes)", shown(first[2:4]))
    code, axes = first[2:]
    if code not in KINDS:
        known = ", ".join(f"{code:02x}" for code in KINDS)
        wrong(file, 2, f"the code of a type of numbers ({known})", f"{code:02x}")
    if axes > MOST_AXES:
        wrong(file, 3, f"a number of axes up to {MOST_AXES}", str(axes))
    lengths = source.read(4 * axes)
    if len(lengths) < 4 * axes:
        place = 4 + len(lengths)
        wrong(file, place, f"the lengths of {axes} axes (up to byte {4 + 4 * axes})", "the end")
    shape = tuple(int.from_bytes(lengths[at : at + 4], "big") for at in range(0, 4 * axes, 4))
    return np.dtype(KINDS[code]), shape


def numbers(source: Source, kind: Any, shape: tuple[int, ...]) -> Array:
    """The numbers that a header promises, and no more: the file ends with them."""
    file, start = source.file, 4 + 4 * len(shape)
    size = kind.itemsize * math.prod(shape)  # Python's integers: no header can overflow them
    promised = f"{size} bytes of numbers for shape {shape}"
    if not source.can_hold(start + size):
        if source.packed:
            wrong(
                file, 4, "lengths that the file can hold", f"{promised} in {source.length} of gzip"
            )
        held = f"the end of the file after {source.length - start}"
        wrong(file, source.length, promised, held)
    data = source.read(size)
    if len(data) < size:
        wrong(file, start + len(data), promised, f"the end of the file after {len(data)}")
    if source.read(1):
        more = "more bytes" if source.packed else f"{source.length - start - size} more bytes"
        wrong(file, start + size, "the end of the file", more)
    try:
        return np.frombuffer(data, kind).reshape(shape).astype(kind.newbyteorder("="))
    except ValueError as error:  # no numbers, along axes too long for an array
        wrong(file, 4, "lengths of axes that an array can have", f"{shape} ({error})")


def mnist(path: Where, part: str | None = None, *, dtype: Any = np.float64) -> Any:
    """MNIST's handwritten digits from the four IDX files in a folder, gzip or not.

    Args:
        path: the folder with ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
            ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, each with or without ``.gz``
            (``train-images.idx3-ubyte`` is known too).
        part: ``"train"`` or ``"test"`` for one pair; both when left out.
        dtype: float32 or float64.

    Returns:
        ((images, labels) to train on, (images, labels) held out), or one of the pairs. Images are rows
        of pixels from 0 to 1, (60000, 784); labels are integers from 0 to 9.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is damaged, cut short, without images, or not what its name says.

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition",
    1998. It is downloaded by you: Fashion-MNIST and KMNIST have the same files.
    """
    dtype, part = float_type(dtype, "mnist"), checked_part(part, "mnist")
    folder = checked_path(path, "mnist")
    if part is not None:
        return mnist_pair(folder, part, dtype)
    return mnist_pair(folder, "train", dtype), mnist_pair(folder, "test", dtype)


def mnist_pair(folder: Path, part: str, dtype: Any) -> Pair:
    """The images and labels of one part."""
    prefix = PARTS[part]
    images_file = found(folder, f"{prefix}-images", 3)
    labels_file = found(folder, f"{prefix}-labels", 1)
    images = idx_of(images_file, "images", "rows of pixels", "pixels in a row")
    labels = idx_of(labels_file, "labels")
    if len(images) != len(labels):
        wrong(labels_file, 4, f"{len(images)} labels, one for each image", str(len(labels)))
    over = np.flatnonzero(labels > 9)
    if len(over):
        at = int(over[0])
        wrong(labels_file, 8 + at, "a label from 0 to 9", str(int(labels[at])))
    pixels = images.reshape(len(images), -1).astype(dtype)
    pixels /= 255
    return pixels, labels.astype(np.int64)


def found(folder: Path, stem: str, axes: int) -> Path:
    """The file of a folder that holds a part of MNIST."""
    names = [f"{stem}{sep}idx{axes}-ubyte{end}" for sep in "-." for end in ("", ".gz")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"mnist: {folder} has none of {', '.join(names)}")


def idx_of(file: Path, *axes: str) -> Array:
    """An IDX array of bytes with known axes, none of which may be empty."""
    with Source(file) as source:
        kind, shape = header(source)
        if (kind, len(shape)) != (np.dtype(np.uint8), len(axes)):
            code = next(code for code, known in KINDS.items() if np.dtype(known) == kind)
            wrong(file, 0, f"00 00 08 {len(axes):02x}", f"00 00 {code:02x} {len(shape):02x}")
        for i, (length, what) in enumerate(zip(shape, axes, strict=True)):
            if not length:
                wrong(file, 4 + 4 * i, f"the number of {what}, 1 or more", "0")
        return numbers(source, kind, shape)


# --- CIFAR-10 ----------------------------------------


def cifar10(path: Where, part: str | None = None, *, dtype: Any = np.float64) -> Any:
    """CIFAR-10's small photographs, from the six files of the binary version.

    Args:
        path: the folder with ``data_batch_1.bin`` … ``data_batch_5.bin`` and ``test_batch.bin``, or the
            one above it.
        part: ``"train"`` or ``"test"`` for one pair; both when left out.
        dtype: float32 or float64.

    Returns:
        ((images, labels) to train on, (images, labels) held out), or one of the pairs. Images are rows
        of 3,072 numbers from 0 to 1: 32×32 of red, of green, of blue, so ``x.reshape(-1, 3, 32, 32)``
        are the planes. Labels are integers from 0 to 9.

    The Python version of the data is a pickle, which can run any code when it is opened: it is not read.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is damaged, cut short, or not what its name says. The layout has no header
            and no count, so files cut between records are found by their unequal numbers of records.

    Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
    """
    dtype, part = float_type(dtype, "cifar10"), checked_part(part, "cifar10")
    folder = checked_path(path, "cifar10")
    if (folder / "cifar-10-batches-bin").is_dir():
        folder = folder / "cifar-10-batches-bin"
    names = {
        "train": [f"data_batch_{i}.bin" for i in range(1, 6)],
        "test": ["test_batch.bin"],
    }
    parts = ["train", "test"] if part is None else [part]
    for name in (name for each in parts for name in names[each]):
        if not (folder / name).is_file():
            pickled = (folder / name.removesuffix(".bin")).is_file()
            raise FileNotFoundError(
                f"cifar10: {folder} has no {name}"
                + (
                    "; it has the Python version, which is pickled: download the binary version"
                    if pickled
                    else ""
                )
            )
    counts = {each: [count_of(folder / name) for name in names[each]] for each in parts}
    for each in parts:
        # CIFAR's files have 10,000 records each. In a smaller set of one's own the files to train on are
        # of one length, that of most of them, and the test file is of any.
        full = any(10_000 in lengths for lengths in counts.values())
        usual = 10_000 if full else max(counts[each], key=counts[each].count)
        for name, count in zip(names[each], counts[each], strict=True):
            if count != usual:
                ends = "the end of the file" if count < usual else f"{count - usual} more"
                wrong(
                    folder / name,
                    min(count, usual) * RECORD,
                    f"{usual} records, as in the other files",
                    f"{ends} after {min(count, usual)}",
                )
    pairs = [
        pair(np.concatenate([records(folder / name) for name in names[each]]), dtype)
        for each in parts
    ]
    return pairs[0] if part is not None else tuple(pairs)


def count_of(file: Path) -> int:
    """The number of records in one file, from its length alone."""
    whole, rest = divmod(file.stat().st_size, RECORD)
    if not whole or rest:
        wrong(
            file,
            whole * RECORD,
            f"a record of {RECORD} bytes",
            f"the end of the file after {rest}",
        )
    return whole


def records(file: Path) -> Array:
    """The records of one file: (n, 3073) bytes, the label first."""
    table = np.frombuffer(file.read_bytes(), np.uint8).reshape(-1, RECORD)
    over = np.flatnonzero(table[:, 0] > 9)
    if len(over):
        at = int(over[0])
        wrong(file, at * RECORD, "a label from 0 to 9", str(int(table[at, 0])))
    return table


def pair(table: Array, dtype: Any) -> Pair:
    """Images and labels from records."""
    pixels = table[:, 1:].astype(dtype)
    pixels /= 255
    return pixels, table[:, 0].astype(np.int64)


def checked_path(path: Any, what: str) -> Path:
    """Where a reader is to look."""
    if not isinstance(path, str | PathLike):
        raise TypeError(
            f"path of {what} is a string or a Path, got {type(path).__name__} ({path!r:.60})"
        )
    from pathlib import Path

    return Path(path)


def checked_part(part: Any, what: str) -> str | None:
    """The name of a part, or None for both."""
    if part is not None and not (isinstance(part, str) and part in PARTS):
        raise ValueError(f"part of {what} is 'train', 'test' or None, got {part!r:.60}")
    return part
