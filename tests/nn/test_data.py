"""Mini-batches, the held-out part, data sets made and read, standardisation, and seeds."""

from __future__ import annotations

import gzip
import re
import string
import tempfile
import tracemalloc
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import nn
from nn.randomness import generator

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)


def test_every_epoch_has_each_instance_once_with_its_target() -> None:
    epoch = nn.data.batches(X, Y, batch_size=4, rng=0)
    assert len(epoch) == 3
    for _ in range(2):
        batches = list(epoch)
        assert [len(x) for x, _ in batches] == [4, 4, 2]
        assert sorted(int(y) for _, ys in batches for y in ys) == list(range(10))
        assert all((x[:, 0] == 2 * y).all() for x, y in batches)


def test_epochs_differ_and_a_seed_repeats_them() -> None:
    def orders() -> list[list[int]]:
        epoch = nn.data.batches(X, Y, batch_size=10, rng=0)
        return [y.tolist() for _ in range(3) for _, y in epoch]

    assert orders() == orders()
    assert len({tuple(order) for order in orders()}) == 3


def test_batches_say_how_many_they_are() -> None:
    assert (
        repr(nn.data.batches(X, X, batch_size=4))
        == f"Batches({len(X)} instances, {-(-len(X) // 4)} batches of 4)"
    )


def test_batches_come_in_order_without_shuffling_and_may_drop_the_last() -> None:
    epoch = nn.data.batches(X, Y, batch_size=4, shuffle=False, drop_last=True)
    assert len(epoch) == 2
    assert [y.tolist() for _, y in epoch] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(nn.data.batches(X, Y, batch_size=5)) == 2


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((X, Y[:-1]), {}, ValueError, r"same number of rows.* got shapes \(10, 2\) and \(9,\)"),
        ((X[:0], Y[:0]), {}, ValueError, "one or more"),
        ((1.0, 2.0), {}, ValueError, "same number of rows"),
        ((X, Y), {"batch_size": 0}, ValueError, "batch_size is a whole number of 1 or more, got 0"),
        (
            (X, Y),
            {"batch_size": 2.0},
            TypeError,
            "batch_size is a whole number of 1 or more, got float",
        ),
        ((X, Y), {"rng": "a"}, TypeError, "rng is a"),
    ],
)
def test_bad_arguments_of_batches_are_named(
    arguments: Any, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        nn.data.batches(*arguments, **({"batch_size": 2} | options))


def test_a_split_puts_every_instance_in_one_part() -> None:
    (x, y), (held_x, held_y) = nn.data.split(X, Y, 0.3, rng=0)
    assert (len(x), len(held_x)) == (7, 3)
    assert sorted([*y, *held_y]) == list(range(10))
    assert (x[:, 0] == 2 * y).all()
    assert (held_x[:, 0] == 2 * held_y).all()


def test_a_stratified_split_takes_the_same_part_of_each_class() -> None:
    y = np.array([0] * 50 + [1] * 30 + [2] * 20)
    (_, kept), (_, held) = nn.data.split(np.arange(100), y, 0.2, rng=0, stratify=True)
    assert np.bincount(held).tolist() == [10, 6, 4]
    assert np.bincount(kept).tolist() == [40, 24, 16]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, Y, 0.0), "fraction is a number between 0 and 1"),
        ((X, Y, 1), "fraction is a number between 0 and 1"),
        ((X, Y, 0.01), "leaves one part empty"),
        ((X, Y[1:], 0.5), "same number of rows"),
    ],
)
def test_bad_arguments_of_split_are_named(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nn.data.split(*arguments)


def test_the_digits_are_1797_images_between_0_and_1_of_ten_kinds() -> None:
    images, labels = nn.data.digits()
    assert images.shape == (1797, 64)
    assert images.dtype == np.float64
    assert (images.min(), images.max()) == (0.0, 1.0)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (images[0, :8] * 16).tolist() == [0, 0, 5, 13, 9, 1, 0, 0]


def test_the_names_are_913_different_ones_of_three_to_seven_letters_in_order() -> None:
    names = nn.data.names()
    assert len(names) == 913
    assert names == sorted(set(names))
    assert all(re.fullmatch("[a-z]{3,7}", name) for name in names)
    assert {name[0] for name in names} == set(string.ascii_lowercase)
    assert {"anna", "gustav", "zoe"} <= set(names)


def test_a_seed_is_a_generator_an_int_or_none() -> None:
    rng = np.random.default_rng(3)
    assert generator(rng) is rng
    assert generator(np.int64(3)).random() == np.random.default_rng(3).random()
    assert generator().random() != generator().random()
    for wrong in (True, 1.0, "a", np.random.RandomState(0)):
        with pytest.raises(TypeError, match="rng is a"):
            generator(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="0 or more, got -1"):
        generator(-1)


# --- standardisation --------------------------------------------


def test_the_training_set_is_standardised_to_mean_0_and_variance_1() -> None:
    rng = np.random.default_rng(0)
    x, held = rng.normal(5, 3, (100, 4)), rng.normal(5, 3, (20, 4))
    standardiser = nn.data.Standardiser(x)
    z = standardiser(x)
    assert np.allclose(z.mean(axis=0), 0, atol=1e-12)
    assert np.allclose(z.var(axis=0), 1, atol=1e-12)
    # Held-out data is moved by the statistics of the training set, not by its own.
    assert np.allclose(standardiser(held), (held - x.mean(axis=0)) / x.std(axis=0), atol=1e-12)
    assert np.allclose(standardiser.inverse(standardiser(held)), held, atol=1e-12)
    both = nn.data.standardise(x, held)
    assert (both[0] == z).all()
    assert (both[1] == standardiser(held)).all()


def test_a_constant_input_is_only_centred_and_float32_stays() -> None:
    x = np.full((7, 2), 0.1, dtype=np.float32)
    x[:, 1] = np.arange(7)
    z = nn.data.Standardiser(x)(x)
    assert z.dtype == np.float32
    assert (z[:, 0] == 0).all()
    assert np.isclose(z[:, 1].std(), 1)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((0, 2)), "one or more, got"),
        (np.array([[1.0, np.nan]]), r"finite numbers, got nan at \[0, 1\]"),
    ],
)
def test_what_cannot_be_standardised_is_named(x: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nn.data.Standardiser(x)
    with pytest.raises(ValueError, match=r"expected \(instances, 2\), got \(3, 5\)"):
        nn.data.Standardiser(X)(np.zeros((3, 5)))


# --- points in the plane --------------------------------------------

TOYS: dict[str, Callable[..., Any]] = {
    "two_moons": nn.data.two_moons,
    "circles": nn.data.circles,
    "spirals": nn.data.spirals,
    "blobs": nn.data.blobs,
    "xor": nn.data.xor,
}


@pytest.mark.parametrize("name", TOYS)
def test_points_come_in_equal_classes_and_a_seed_repeats_them(name: str) -> None:
    x, y = TOYS[name](90, rng=4)
    assert x.shape == (90, 2)
    assert x.dtype == np.float64
    assert len(set(np.bincount(y).tolist())) == 1
    again_x, again_y = TOYS[name](90, rng=4)
    assert (x == again_x).all()
    assert (y == again_y).all()
    assert (x != TOYS[name](90, rng=5)[0]).any()
    assert len(set(y[:20].tolist())) > 1  # in a random order


def test_without_noise_points_lie_on_their_curves() -> None:
    x, y = nn.data.two_moons(80, noise=0, rng=0)
    centre = np.where(y[:, None] == 0, [0.0, 0.0], [1.0, 0.5])
    assert np.allclose(np.linalg.norm(x - centre, axis=1), 1)
    assert (np.where(y == 0, x[:, 1], 0.5 - x[:, 1]) >= -1e-12).all()
    x, y = nn.data.circles(80, noise=0, rng=0, factor=0.3)
    assert np.allclose(np.linalg.norm(x, axis=1), np.where(y == 0, 1, 0.3))
    x, y = nn.data.spirals(80, noise=0, rng=0, classes=2, turns=1.5)
    radius = np.linalg.norm(x, axis=1)
    turned = np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi) - 1.5 * radius - y / 2
    assert np.allclose(turned, np.round(turned))
    x, y = nn.data.xor(80, noise=0, rng=0)
    assert (abs(x) == 1).all()
    assert ((x[:, 0] != x[:, 1]) == y).all()
    assert len(np.unique(x, axis=0)) == 4


def test_noise_is_the_standard_deviation_of_what_is_added() -> None:
    x, y = nn.data.blobs(40_000, noise=0.7, rng=0, centres=[[0.0, 0.0], [9.0, 1.0]])
    assert np.allclose([x[y == label].std() for label in (0,)], 0.7, atol=0.01)
    assert np.allclose(x[y == 1].mean(axis=0), [9, 1], atol=0.02)


@pytest.mark.parametrize("name", TOYS)
def test_bad_arguments_of_points_are_named(name: str) -> None:
    with pytest.raises(ValueError, match="n is"):
        TOYS[name](0)
    with pytest.raises(ValueError, match="noise is finite and 0 or more"):
        TOYS[name](10, noise=-1.0)
    with pytest.raises(TypeError, match="n is a whole number"):
        TOYS[name](1.5)


# --- downloaded files --------------------------------------------


def idx_bytes(array: Any) -> bytes:
    """An array of bytes in the IDX format."""
    array = np.asarray(array, dtype=np.uint8)
    lengths = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()


IMAGES = np.random.default_rng(0).integers(0, 256, (5, 3, 4)).astype(np.uint8)
LABELS = np.array([3, 0, 9, 1, 7], dtype=np.uint8)


def mnist_folder(folder: Path, end: str = "") -> dict[str, Path]:
    """Four small files in MNIST's format."""
    files = {}
    for part, n in (("train", 5), ("t10k", 2)):
        for what, array in (("images-idx3", IMAGES[:n]), ("labels-idx1", LABELS[:n])):
            file = folder / f"{part}-{what}-ubyte{end}"
            data = idx_bytes(array)
            file.write_bytes(gzip.compress(data) if end else data)
            files[f"{part} {what[:6]}"] = file
    return files


@pytest.mark.parametrize("end", ["", ".gz"])
def test_mnist_is_read_gzip_or_not(end: str, tmp_path: Path) -> None:
    mnist_folder(tmp_path, end)
    (x, y), (held_x, held_y) = nn.data.mnist(tmp_path)
    assert (x == IMAGES.reshape(5, 12) / 255).all()
    assert y.tolist() == LABELS.tolist()
    assert y.dtype == np.int64
    assert (held_x == x[:2]).all()
    assert held_y.tolist() == [3, 0]
    x32, _ = nn.data.mnist(str(tmp_path), "train", dtype=np.float32)
    assert x32.dtype == np.float32


@pytest.mark.parametrize(
    ("code", "dtype"), [(0x09, ">i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")]
)
def test_every_kind_of_idx_number_is_read(code: int, dtype: str, tmp_path: Path) -> None:
    numbers = np.array([[-1, 2, 100]], dtype=dtype)
    header = bytes([0, 0, code, 2]) + (1).to_bytes(4, "big") + (3).to_bytes(4, "big")
    (tmp_path / "a").write_bytes(header + numbers.tobytes())
    assert nn.data.idx(tmp_path / "a").tolist() == [[-1, 2, 100]]


GOOD = idx_bytes(IMAGES)
PACKED = gzip.compress(GOOD, mtime=0)
DAMAGE: dict[str, tuple[str, bytes, str]] = {
    "empty": ("", b"", "at byte 0: expected 00 00 .*, found the end of the file"),
    "not idx": ("", b"PK" + GOOD, "at byte 0: expected 00 00 .*, found 50 4b"),
    "two bytes": ("", GOOD[:2], "at byte 2: expected a type"),
    "kind": ("", b"\0\0\x07" + GOOD[3:], "at byte 2: expected the code .*, found 07"),
    "short header": ("", GOOD[:9], "at byte 9: expected the lengths of 3 axes"),
    "short": ("", GOOD[:-1], "at byte 75: expected 60 bytes .*, found the end .* after 59"),
    "long": ("", GOOD + b"ab", "at byte 76: expected the end of the file, found 2 more bytes"),
    "huge": ("", GOOD[:4] + b"\xff" * 12, "at byte 16: expected 79228162458924105385300197375 "),
    "labels": ("", idx_bytes(LABELS), "at byte 0: expected 00 00 08 03, found 00 00 08 01"),
    "plain gz": (".gz", GOOD, "at byte 0: expected 1f 8b .*, found 00 00"),
    "short gz": (".gz", PACKED[:-9], f"at byte {len(PACKED) - 9}: expected more of the gzip"),
    "checksum": (
        ".gz",
        PACKED[:-8] + b"1234" + PACKED[-4:],
        r"at byte \d+: expected valid gzip data, found .*incorrect data check",
    ),
    "after gz": (".gz", PACKED + b"abc", f"at byte {len(PACKED)}: .* found 3 more bytes"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_mnist_file_is_named_with_the_place(damage: str, tmp_path: Path) -> None:
    end, data, message = DAMAGE[damage]
    file = mnist_folder(tmp_path, end)["train images"]
    file.write_bytes(data)
    with pytest.raises(ValueError, match=message) as caught:
        nn.data.mnist(tmp_path)
    assert str(caught.value).startswith(str(file))


def test_labels_that_do_not_fit_the_images_are_named(tmp_path: Path) -> None:
    file = mnist_folder(tmp_path)["train labels"]
    file.write_bytes(idx_bytes(LABELS[:4]))
    with pytest.raises(ValueError, match=r"at byte 4: expected 5 labels.*, found 4"):
        nn.data.mnist(tmp_path)
    file.write_bytes(idx_bytes([3, 0, 10, 1, 7]))
    with pytest.raises(ValueError, match="at byte 10: expected a label from 0 to 9, found 10"):
        nn.data.mnist(tmp_path)
    file.unlink()
    with pytest.raises(FileNotFoundError, match="has none of train-labels-idx1-ubyte"):
        nn.data.mnist(tmp_path)
    with pytest.raises(ValueError, match="part of mnist"):
        nn.data.mnist(tmp_path, "validation")


def cifar_folder(folder: Path, n: int = 2) -> dict[str, Any]:
    """Six small files in the format of CIFAR-10's binary version."""
    rng = np.random.default_rng(1)
    tables = {}
    for name in [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]:
        table = rng.integers(0, 256, (n, 3073)).astype(np.uint8)
        table[:, 0] %= 10
        (folder / name).write_bytes(table.tobytes())
        tables[name] = table
    return tables


def test_cifar10_is_read_from_the_binary_version(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    tables = cifar_folder(folder)
    for path in (folder, tmp_path):
        (x, y), (held_x, held_y) = nn.data.cifar10(path)
        assert x.shape == (10, 3072)
        assert (x[2] == tables["data_batch_2.bin"][0, 1:] / 255).all()
        assert y[2] == tables["data_batch_2.bin"][0, 0]
        assert (held_x == tables["test_batch.bin"][:, 1:] / 255).all()
        assert held_y.tolist() == tables["test_batch.bin"][:, 0].tolist()
    assert nn.data.cifar10(folder, "test", dtype=np.float32)[0].dtype == np.float32


def test_a_damaged_cifar_file_is_named_with_the_place(tmp_path: Path) -> None:
    tables = cifar_folder(tmp_path)
    file = tmp_path / "data_batch_3.bin"
    whole = file.read_bytes()
    for data, message in (
        (whole[:-1], "at byte 3073: expected a record of 3073 bytes, found .* after 3072"),
        (b"", "at byte 0: expected a record of 3073 bytes, found .* after 0"),
        (whole[:3073], "at byte 3073: expected 2 records, as in the other files, found .* after 1"),
        (whole + whole[:3073], "at byte 6146: expected 2 records, .*, found 1 more after 2"),
        (whole[:3073] + b"\x80" + whole[3074:], "at byte 3073: expected a label .*, found 128"),
    ):
        file.write_bytes(data)
        with pytest.raises(ValueError, match=message) as caught:
            nn.data.cifar10(tmp_path)
        assert str(caught.value).startswith(str(file))
    assert len(tables) == 6


def test_a_test_file_of_another_length_is_read(tmp_path: Path) -> None:
    tables = cifar_folder(tmp_path)
    longer = np.concatenate([tables["test_batch.bin"]] * 2)
    (tmp_path / "test_batch.bin").write_bytes(longer.tobytes())
    (x, _), (held_x, _) = nn.data.cifar10(tmp_path)
    assert (len(x), len(held_x)) == (10, 4)


def test_the_pickled_version_of_cifar10_is_never_opened(tmp_path: Path) -> None:
    # What a pickle that deletes, or mails, or mines would be: it says so if it is loaded.
    evil = b"cbuiltins\nexec\n(S'raise SystemExit(1)'\ntR."
    (tmp_path / "data_batch_1").write_bytes(evil)
    with pytest.raises(FileNotFoundError, match="which is pickled: download the binary version"):
        nn.data.cifar10(tmp_path)


# --- what a small file may cost, and what no file may do -------------------------


def idx_header(*shape: int, code: int = 0x08) -> bytes:
    """A header that promises an array."""
    return bytes([0, 0, code, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)


def refused(file: Path, read: Callable[[], Any] | None = None) -> tuple[str, int]:
    """The message of a reader, and the most memory that it had taken by then."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="at byte") as caught:
            nn.data.idx(file) if read is None else read()
        return str(caught.value), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [(2**31, 28, 28), (2**32 - 1,), (60_000, 28, 28)])
@pytest.mark.parametrize("packed", [False, True])
def test_a_header_is_held_against_the_file_before_anything_is_allocated(
    shape: tuple[int, ...], packed: bool, tmp_path: Path
) -> None:
    data = idx_header(*shape) + bytes(1000)
    file = tmp_path / "numbers"
    file.write_bytes(gzip.compress(data) if packed else data)
    message, peak = refused(file)
    assert message.startswith(f"{file}: at byte ")
    assert str(shape) in message
    assert peak < 500_000


def test_no_more_is_decompressed_than_the_header_promises(tmp_path: Path) -> None:
    for at, promised in (("plain", 60), ("long", 100_000)):
        file = tmp_path / at
        file.write_bytes(gzip.compress(idx_header(promised) + bytes(100_000_000)))
        message, peak = refused(file)
        assert f"at byte {8 + promised}: expected the end of the file, found more" in message
        assert peak < 1_500_000


def test_members_of_a_gzip_file_are_read_one_after_another(tmp_path: Path) -> None:
    file = tmp_path / "numbers.gz"
    whole = idx_header(3, 100_000) + bytes(range(250)) * 1200
    pieces = (whole[:5], whole[5:70_000], b"", whole[70_000:])
    file.write_bytes(b"".join(map(gzip.compress, pieces)))
    assert nn.data.idx(file).tobytes() == whole[12:]


@pytest.mark.parametrize(
    ("shape", "at", "what"),
    [
        ((0, 3, 4), 4, "images"),
        ((5, 0, 4), 8, "rows of pixels"),
        ((5, 3, 0), 12, "pixels in a row"),
    ],
)
def test_mnist_of_nothing_says_so(
    shape: tuple[int, ...], at: int, what: str, tmp_path: Path
) -> None:
    file = mnist_folder(tmp_path)["train images"]
    file.write_bytes(idx_header(*shape))
    with pytest.raises(ValueError, match=f"at byte {at}: expected the number of {what}, 1 or more"):
        nn.data.mnist(tmp_path)


def test_mnist_of_no_labels_says_so(tmp_path: Path) -> None:
    file = mnist_folder(tmp_path)["t10k labels"]
    file.write_bytes(idx_header(0))
    with pytest.raises(ValueError, match=r"t10k-labels.*at byte 4: .* labels, 1 or more, found 0"):
        nn.data.mnist(tmp_path)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """An IDX file that was cut, flipped, lengthened, given another header, or packed, or several."""
    data = draw(
        st.sampled_from(
            [
                idx_bytes(IMAGES),
                idx_bytes(LABELS),
                idx_header(1, code=0x0E) + bytes(8),
                idx_header(0, 2**32 - 1, 2**32 - 1),
                idx_header(*[1] * 33) + b"a",
            ]
        )
    )
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["cut", "flip", "more", "header", "pack", "pack and more"]))
        if kind == "cut":
            data = data[: draw(st.integers(0, len(data)))]
        elif kind == "flip" and data:
            bit = draw(st.integers(0, 8 * len(data) - 1))
            flipped = data[bit // 8] ^ (1 << bit % 8)
            data = data[: bit // 8] + bytes([flipped]) + data[bit // 8 + 1 :]
        elif kind == "more":
            data += draw(st.binary(min_size=1, max_size=40))
        elif kind == "header":
            lengths = draw(st.lists(st.integers(0, 2**32 - 1), max_size=4))
            code = draw(st.sampled_from([0, 7, 8, 9, 11, 12, 13, 14, 255]))
            data = idx_header(*lengths, code=code) + data[16:]
        else:
            data = gzip.compress(data, mtime=0)
    return data


@given(data=damaged(), end=st.sampled_from(["", ".gz"]))
@settings(max_examples=400, deadline=None)
def test_a_file_is_read_or_a_value_error_names_it(data: bytes, end: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = mnist_folder(Path(folder), end)
        names = {"train images": whole["train images"], "train labels": whole["train labels"]}
        for file in names.values():
            old = file.read_bytes()
            file.write_bytes(data)
            for read in (
                lambda: nn.data.mnist(folder, "train"),
                lambda file=file: nn.data.idx(file),
            ):
                try:
                    read()
                except ValueError as error:
                    place = re.match(r"(.*): at byte \d+: expected .+, found .+", str(error))
                    if place is None or Path(place[1]).parent != Path(folder):
                        raise
            file.write_bytes(old)


@given(data=st.binary(max_size=7000), names=st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_a_cifar_file_is_read_or_a_value_error_names_it(data: bytes, names: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tables = cifar_folder(Path(folder))
        file = Path(folder) / list(tables)[names]
        file.write_bytes(data)
        try:
            nn.data.cifar10(folder)
        except ValueError as error:
            if not re.match(rf"{folder}/.*: at byte \d+: expected .+, found .+", str(error)):
                raise


@pytest.mark.parametrize("read", [nn.data.mnist, nn.data.cifar10])
@pytest.mark.parametrize("part", ["validation", 3, [], ("train",), np.ones(3), b"train"])
def test_a_part_that_is_none_is_refused_by_name(read: Any, part: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"part of .* is 'train', 'test' or None, got"):
        read(tmp_path, part)


@pytest.mark.parametrize("read", [nn.data.mnist, nn.data.cifar10])
@pytest.mark.parametrize("dtype", [int, "float16", "nonsense", 3, [("a",)], object()])
def test_a_dtype_that_images_cannot_have_is_refused_by_name(
    read: Any, dtype: Any, tmp_path: Path
) -> None:
    with pytest.raises(TypeError, match=r"dtype of .* is float32 or float64, got"):
        read(tmp_path, dtype=dtype)


def test_a_damaged_file_of_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    good = resources.files("nn").joinpath("data", "digits.csv.gz").read_bytes()
    text = gzip.decompress(good)
    for data in (
        b"",
        good[:100],
        good[:-100],
        b"PK" + good,
        good[:50] + b"\xff" + good[51:],
        gzip.compress(text[:-3]),
        gzip.compress(text + b"0"),
        gzip.compress(text.replace(b"1", b"x", 1)),
        gzip.compress(bytes(50_000_000)),
    ):
        monkeypatch.setattr(Path, "read_bytes", lambda self, data=data: data)
        with pytest.raises(ValueError, match=r"digits\.csv\.gz is damaged"):
            nn.data.digits()
