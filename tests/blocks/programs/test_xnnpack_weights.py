"""What XNNPACK's programs store of convolutions, and that they compute the same with it."""

import pytest
import torch
from torch import Tensor, nn

from blocks.programs.executorch_program import EXPORT_MODULES, LoweredProgram, lowered
from foundation.library_messages import quiet_libraries

for module in EXPORT_MODULES:
    pytest.importorskip(module)

IMAGES = torch.randn(1, 3, 8, 9, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def network() -> nn.Sequential:
    """A convolution of each kind, of which float16 holds all weights but one of the last."""
    torch.manual_seed(0)
    convolutions = (
        nn.Conv2d(3, 6, 3, padding=1),
        nn.Conv2d(6, 6, 3, groups=6),
        nn.ConvTranspose2d(6, 4, 3, stride=2),
        nn.Conv2d(4, 5, 1, bias=False),
    )
    with torch.no_grad():
        for convolution in convolutions:
            convolution.weight.copy_(convolution.weight.half())
        convolutions[-1].weight[0] = 1 + 2**-11  # float16 has 10 bits behind the point
    return nn.Sequential(*convolutions).eval()


@pytest.fixture(scope="module")
def program(network: nn.Sequential) -> LoweredProgram:
    with quiet_libraries():
        return lowered(torch.export.export(network, (IMAGES,)))


def test_weights_that_float16_holds_take_half(
    network: nn.Sequential, program: LoweredProgram
) -> None:
    *halved, last = (it.weight.numel() for it in network)
    assert program.constants_bytes == 2 * sum(halved) + 4 * last + 4 * (6 + 6 + 4)


def test_the_program_gives_the_same(network: nn.Sequential, program: LoweredProgram) -> None:
    with quiet_libraries():
        from executorch.runtime import Runtime

    loaded = Runtime.get().load_program(program.file)
    given: Tensor = loaded.load_method("forward").execute((IMAGES,))[0]
    torch.testing.assert_close(given, network(IMAGES))


def test_constants_are_those_that_executorch_reads_in_the_file(program: LoweredProgram) -> None:
    from executorch.exir._serialize import _deserialize_pte_binary

    read = _deserialize_pte_binary(program.file)
    others = (buffer.storage for buffer in read.program.constant_buffer)
    assert program.constants_bytes == sum(map(len, (*read.named_data.buffers, *others)))
