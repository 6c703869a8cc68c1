"""Digests of values, files and folders."""

import hashlib
from pathlib import Path

from purereid.digests.values import digest, file_digest


def test_the_order_of_keys_does_not_count_and_that_of_lists_does():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 2, "b": 1})
    assert digest([1, 2]) != digest([2, 1])


def test_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"1\xff")
    assert file_digest(tmp_path / "a") == hashlib.sha256(b"1\xff").hexdigest()


def test_digest_of_a_folder_sees_names_and_sizes_but_not_snakemakes_own_files(tmp_path: Path):
    (tmp_path / "a").write_text("1")
    first = file_digest(tmp_path)
    (tmp_path / ".snakemake_timestamp").write_text("")
    assert file_digest(tmp_path) == first
    (tmp_path / "a").write_text("12")
    second = file_digest(tmp_path)
    (tmp_path / "b").write_text("")
    assert len({first, second, file_digest(tmp_path)}) == 3
