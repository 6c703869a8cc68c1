"""The precision setting."""

import pytest
import torch

from purereid.errors import UserError
from purereid.networks.precision import autocast


@pytest.mark.parametrize(("precision", "dtype"), [("bf16", torch.bfloat16), ("fp32", torch.float32)])
def test_precision_decides_the_type_of_products(precision: str, dtype: torch.dtype):
    with autocast(precision, torch.device("cpu")):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


def test_unknown_precision_is_told():
    with pytest.raises(UserError, match="unknown precision 'fp16'"):
        autocast("fp16", torch.device("cpu"))
