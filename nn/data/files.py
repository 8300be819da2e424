"""Readers of downloaded data files: MNIST's and CIFAR-10's, which are checked and never executed.

The files are plain bytes with a fixed layout; nothing is unpickled. What does not fit the layout is a
ValueError that names the file, the offset in bytes, what was expected there and what was found.
"""

from __future__ import annotations

import zlib
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

__all__ = ["cifar10", "idx", "mnist"]

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]
Where = str | PathLike[str]

GZIP = b"\x1f\x8b"
CHUNK = 1 << 16

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


def contents(file: Path) -> bytes:
    """The bytes of a file, decompressed when they are gzip's. A name in .gz must be true."""
    data = file.read_bytes()
    if data[:2] == GZIP:
        return decompressed(file, data)
    if file.suffix == ".gz":
        wrong(file, 0, f"{shown(GZIP)} (gzip)", shown(data[:2]))
    return data


def decompressed(file: Path, data: bytes) -> bytes:
    """What gzip compressed; its checksum is compared. Offsets in errors are those of the .gz file."""
    out: list[bytes] = []
    start = 0
    while start < len(data):
        stream = zlib.decompressobj(wbits=31)
        while not stream.eof:
            chunk = data[start : start + CHUNK]
            if not chunk:
                wrong(file, len(data), "more of the gzip stream", "the end of the file")
            before = stream.copy()
            try:
                out.append(stream.decompress(chunk))
            except zlib.error as error:
                wrong(file, start + first_bad(before, chunk), "valid gzip data", str(error))
            start += len(chunk) - len(stream.unused_data)
        if start < len(data) and data[start : start + 2] != GZIP:
            wrong(file, start, "the end of the file", f"{len(data) - start} more bytes")
    return b"".join(out)


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
    file = Path(path)
    data = contents(file)
    if data[:2] != b"\0\0":
        wrong(file, 0, "00 00 (an IDX file)", shown(data[:2]))
    if len(data) < 4:
        wrong(file, 2, "a type and a number of axes (2 bytes)", shown(data[2:4]))
    if data[2] not in KINDS:
        known = ", ".join(f"{code:02x}" for code in KINDS)
        wrong(file, 2, f"the code of a type of numbers ({known})", f"{data[2]:02x}")
    kind, axes = np.dtype(KINDS[data[2]]), data[3]
    start = 4 + 4 * axes
    if len(data) < start:
        wrong(file, len(data), f"the lengths of {axes} axes (up to byte {start})", "the end")
    shape = tuple(int.from_bytes(data[at : at + 4], "big") for at in range(4, start, 4))
    size = kind.itemsize
    for n in shape:  # Python's integers: a damaged header cannot overflow them
        size *= n
    if len(data) - start < size:
        wrong(
            file,
            len(data),
            f"{size} bytes of numbers for shape {shape}",
            f"the end of the file after {len(data) - start}",
        )
    if len(data) - start > size:
        wrong(file, start + size, "the end of the file", f"{len(data) - start - size} more bytes")
    return np.frombuffer(data, kind, offset=start).reshape(shape).astype(kind.newbyteorder("="))


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
        ValueError: a file is damaged, cut short, or not what its name says.

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition",
    1998. It is downloaded by you: Fashion-MNIST and KMNIST have the same files.
    """
    dtype = checked_dtype(dtype, "mnist")
    if part is not None:
        return mnist_pair(Path(path), part, dtype)
    return mnist_pair(Path(path), "train", dtype), mnist_pair(Path(path), "test", dtype)


def mnist_pair(folder: Path, part: str, dtype: Any) -> Pair:
    """The images and labels of one part."""
    if part not in PARTS:
        raise ValueError(f"part of mnist is 'train', 'test' or None, got {part!r}")
    prefix = PARTS[part]
    images_file = found(folder, f"{prefix}-images", 3)
    labels_file = found(folder, f"{prefix}-labels", 1)
    images, labels = idx_of(images_file, 3), idx_of(labels_file, 1)
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


def idx_of(file: Path, axes: int) -> Array:
    """An IDX array of bytes with a known number of axes."""
    data = idx(file)
    code = (
        0x08
        if data.dtype == np.uint8
        else next(c for c, k in KINDS.items() if k[1:] == f"{data.dtype.kind}{data.dtype.itemsize}")
    )
    if (code, data.ndim) != (0x08, axes):
        wrong(file, 0, f"00 00 08 {axes:02x}", f"00 00 {code:02x} {data.ndim:02x}")
    return data


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
    dtype = checked_dtype(dtype, "cifar10")
    if part not in (None, "train", "test"):
        raise ValueError(f"part of cifar10 is 'train', 'test' or None, got {part!r}")
    folder = Path(path)
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
    tables = {each: [records(folder / name) for name in names[each]] for each in parts}
    counts = {each: [len(table) for table in tables[each]] for each in parts}
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
    pairs = [pair(np.concatenate(tables[each]), dtype) for each in parts]
    return pairs[0] if part is not None else tuple(pairs)


def records(file: Path) -> Array:
    """The records of one file: (n, 3073) bytes, the label first."""
    data = file.read_bytes()
    whole, rest = divmod(len(data), RECORD)
    if not whole or rest:
        wrong(
            file,
            whole * RECORD,
            f"a record of {RECORD} bytes",
            f"the end of the file after {rest}",
        )
    table = np.frombuffer(data, np.uint8).reshape(whole, RECORD)
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


def checked_dtype(dtype: Any, what: str) -> Any:
    """float32 or float64."""
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise TypeError(f"dtype of {what} is float32 or float64, got {np.dtype(dtype)}")
    return np.dtype(dtype)
