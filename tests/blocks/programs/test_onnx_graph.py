"""Exported networks are exact for images that the exporter never saw.

What cannot be exported ends as blocks.programs.failure says.
"""

import pytest
import torch

from blocks import SeemoReConfig, SmsrConfig, build_network, in_variant
from blocks.networks.seemore import LowRankExperts
from blocks.programs.failure import ExportFailed
from blocks.programs.onnx_graph import EXPORT_MODULES, IMAGES, export_onnx

for module in (*EXPORT_MODULES, "onnxruntime"):
    pytest.importorskip(module)


@pytest.mark.parametrize("top_k", [1, 2])
def test_the_choice_of_experts_follows_the_images(top_k: int) -> None:
    import onnxruntime

    torch.manual_seed(0)
    config = SeemoReConfig(scale=2, channels=8, groups=2, recursion=1, kernel=3, top_k=top_k)
    network = build_network(config).eval()
    routers = [m.router for m in network.modules() if isinstance(m, LowRankExperts) and m.router]
    for router in routers:
        with torch.no_grad():
            router.weight *= 100
    session = onnxruntime.InferenceSession(
        export_onnx(network, (8, 3, 12, 15)), providers=["CPUExecutionProvider"]
    )
    chosen: set[tuple[int, ...]] = set()
    for router in routers:
        router.register_forward_hook(
            lambda _module, _inputs, logits: chosen.update(
                tuple(row) for row in logits.topk(top_k).indices.sort().values.tolist()
            )
        )
    # Each image another colour, since the router sees means over the pixels.
    images = torch.rand(8, 3, 1, 1) * torch.rand(8, 3, 12, 15)
    with torch.no_grad():
        expected = network(images)
    assert len(chosen) >= 2
    (output,) = session.run(None, {IMAGES: images.numpy()})
    assert torch.as_tensor(output).sub(expected).abs().max() < 1e-5


def test_an_operator_that_onnx_lacks_is_named_in_one_line() -> None:
    with pytest.raises(ExportFailed, match=r"exported to ONNX: .*adaptive_max_pool2d") as caught:
        export_onnx(torch.nn.AdaptiveMaxPool2d((8, 11)), (1, 3, 33, 47))
    assert "\n" not in str(caught.value)


def test_the_exporter_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    export_onnx(torch.nn.Conv2d(3, 3, 1), (1, 3, 16, 16))
    assert tuple(capfd.readouterr()) == ("", "")


def test_the_masks_of_smsr_follow_the_images() -> None:
    import onnxruntime

    torch.manual_seed(0)
    network = build_network(SmsrConfig(scale=2, channels=16, modules=2, layers=3)).eval()
    session = onnxruntime.InferenceSession(
        export_onnx(in_variant(network, "masked"), (2, 3, 13, 16)),
        providers=["CPUExecutionProvider"],
    )
    images = torch.rand(2, 3, 13, 16)
    with torch.no_grad():
        expected = network(images)
        assert len(network.active_fractions(images).unique()) > 2
    (output,) = session.run(None, {IMAGES: images.numpy()})
    assert torch.as_tensor(output).sub(expected).abs().max() < 1e-5
