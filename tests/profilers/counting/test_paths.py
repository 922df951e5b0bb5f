"""The paths of networks, against the ledger of the same calls and layers listed by hand."""

import pytest

from blocks import ClassSRConfig, EdsrConfig, NetworkConfig, SeemoReConfig, SmsrConfig
from profilers.counting.macs import count_call
from profilers.counting.paths import Convolution, counted_image, network_on_meta, paths_of

SEEMORE = SeemoReConfig(scale=2, channels=8, groups=1, ranks=(2,), top_k=1, recursion=1)


@pytest.mark.parametrize(
    "config",
    [
        SEEMORE,
        SmsrConfig(scale=3, channels=16, modules=1, layers=1),
        ClassSRConfig(scale=2, branches=(SEEMORE, SEEMORE.replace(channels=16))),
    ],
)
def test_each_path_has_the_macs_of_its_ledger(config: NetworkConfig) -> None:
    network, image = network_on_meta(config), counted_image(config.scale)
    ledgers = [count_call(network, path, image).total for path in network.paths()]
    assert [path.macs for path in paths_of(config).paths] == ledgers


def test_the_convolutions_of_a_plain_network_are_known_in_order() -> None:
    (path,) = paths_of(EdsrConfig(scale=2, channels=8, blocks=1)).paths
    lr, hr = 640 * 360, 1280 * 720
    inner = Convolution(8 * 8 * 9, 3, 640, 8 * lr)
    assert path.convolutions == (
        Convolution(8 * 3 * 9, 3, 640, 8 * lr),
        *[inner] * 3,
        Convolution(32 * 8 * 9, 3, 640, 32 * lr),
        Convolution(3 * 8 * 9, 3, 1280, 3 * hr),
    )
    assert not path.uncounted
    # Here every MAC is one of a convolution's weights at one pixel.
    assert path.macs == sum(
        it.weights * (hr if it.output_width_px == 1280 else lr) for it in path.convolutions
    )
