"""The floors do the work that they are named after."""

import numpy as np
import pytest
import torch

from bench import floors


@pytest.mark.parametrize("shapes", [(5, 7), (1024, 2048), (1500, 4100)])
def test_all_products_are_made(shapes: tuple[int, int], monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    rows, columns = (rng.standard_normal((count, 3), np.float32) for count in shapes)
    seen, matmul = [], np.matmul

    def spy(*operands: np.ndarray, out: np.ndarray) -> None:
        matmul(*operands, out=out)
        seen.append(out.copy())

    monkeypatch.setattr(floors.np, "matmul", spy)
    floors.product(rows, columns)
    assert sum(tile.size for tile in seen) == len(rows) * len(columns)
    assert sum(map(np.sum, seen)) == pytest.approx((rows @ columns.T).sum(dtype=np.float64), rel=1e-3)


@pytest.mark.parametrize("number", [0, 1, 2 * 1024 * 2048**2, 3 * 1024 * 2048**2 + 1])
def test_as_many_operations_up_to_a_row(number: int, monkeypatch: pytest.MonkeyPatch):
    seen = []
    monkeypatch.setattr(floors, "product", lambda rows, columns: seen.append(2 * len(rows) * columns.size))
    floors.operations(number)
    assert number <= sum(seen) < number + 2 * 2048**2


def test_operations_are_those_of_all_products():
    def work() -> None:
        rows, columns = torch.ones(3, 5), torch.ones(5, 7)
        (rows @ columns).addmm_(rows, columns)
        torch.nn.functional.conv2d(torch.ones(1, 2, 4, 4), torch.ones(6, 2, 3, 3))

    assert floors.operations_of(work) == 2 * (2 * 3 * 5 * 7) + 2 * (2 * 2 * 6 * 3 * 3 * 2)


@pytest.mark.parametrize("number", [0, 5, floors.COPIED + 3])
def test_as_many_bytes(number: int, monkeypatch: pytest.MonkeyPatch):
    copied = []
    monkeypatch.setattr(floors.np, "copyto", lambda target, source: copied.append(target.size))
    floors.copying(number)()
    assert sum(copied) == number
