"""int8 for XNNPACK: what is rounded, and that the program gives what the rounded graph promises."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.fx import GraphModule

from blocks import ClassSRConfig, FsrcnnConfig, SeemoReConfig, SuperResolutionNetwork
from blocks.networks.interpolation import InterpolationConfig
from blocks.programs.failure import ExportFailed
from blocks.random_weights import seeded_network
from compressors import Crops, InstructionSet, QuantisationFailed, Scheme, quantise
from compressors.artefacts import Manifest
from compressors.int8_xnnpack import LARGEST_PX, XnnpackEngine, XnnpackQuantiser
from compressors.layers import quantised
from compressors.onnx_layers import exported, onnx_layers
from compressors.quantiser import Images
from foundation.library_messages import quiet_libraries
from profilers import ProfilingFailed, Target
from profilers.runtimes.xnnpack import XnnpackRuntime

SCHEME = Scheme(ranges="histogram", symmetry="asymmetric")
DOT_PRODUCT = InstructionSet("avx512_vnni", saturates=False)


@pytest.fixture(scope="module")
def quantiser(trained_network: SuperResolutionNetwork, crops: Crops) -> XnnpackQuantiser:
    return XnnpackEngine().open(trained_network, crops.calibration, DOT_PRODUCT)


@pytest.fixture(scope="module")
def graph(quantiser: XnnpackQuantiser) -> GraphModule:
    return quantiser.quantised_graph(SCHEME, quantised(quantiser.layers))


def test_the_rule_is_that_of_the_onnx_graph(
    quantiser: XnnpackQuantiser, trained_network: SuperResolutionNetwork
) -> None:
    def told(layers: object) -> dict[str, str | None]:
        return {layer.name: layer.why_float for layer in layers}  # type: ignore[attr-defined]

    on_onnx = told(onnx_layers(exported(trained_network)))
    assert told(quantiser.layers) == on_onnx
    assert sum(why is None for why in on_onnx.values()) == 5


def test_additions_take_and_give_floats(graph: GraphModule) -> None:
    """What is rounded goes to convolutions, or comes from one."""
    aten, rounding = torch.ops.aten, torch.ops.quantized_decomposed
    for node in graph.graph.nodes:
        if node.target is rounding.quantize_per_tensor.default:
            source = node.args[0]
            users = {user.target for dequantised in node.users for user in dequantised.users}
            is_given = source.target in (aten.conv2d.default, aten.relu.default)
            assert is_given or users == {aten.conv2d.default}
    sums = [node for node in graph.graph.nodes if node.target is aten.add.Tensor]
    assert sums


def test_what_stays_in_float_has_weights_that_float16_holds(
    graph: GraphModule, trained_network: SuperResolutionNetwork
) -> None:
    convolutions = [it for it in graph.graph.nodes if it.target is torch.ops.aten.conv2d.default]
    names = [it.args[1].target for it in convolutions if it.args[1].op == "get_attr"]
    assert len(names) == 4  # the first, the last and the two of squeeze-excitation
    for name in names:
        trained = trained_network.get_parameter(name.removeprefix("network."))
        assert torch.equal(graph.get_parameter(name), trained.half().float())


@pytest.mark.slow
def test_the_program_gives_what_the_rounded_graph_promises(
    graph: GraphModule,
    trained_network: SuperResolutionNetwork,
    crops: Crops,
    tmp_path: Path,
) -> None:
    """Within 0.01 dB on the held-out crops, and for images of other sizes."""

    def run(program: Path, images: Images) -> Images:
        learned = loaded(program)
        enlarged = [trained_network.images_by(learned, it[None]) for it in torch.from_numpy(images)]
        return torch.cat(enlarged).numpy()

    def promised(images: Images) -> Images:
        given = [trained_network.images_by(graph, it[None]) for it in torch.from_numpy(images)]
        return torch.cat(given).numpy()

    with torch.inference_mode():
        artefact = quantise(
            trained_network,
            "xnnpack",
            crops,
            run,
            DOT_PRODUCT,
            tmp_path / "int8",
            schemes=(SCHEME,),
        )
        chosen = artefact.manifest.chosen
        assert chosen.psnr_y_db == pytest.approx(
            crops.psnr_y_db(promised(crops.held_out_images)), abs=0.01
        )
        assert chosen.loss_db < 0.05
        assert chosen.weights_kib == stored_bytes(trained_network, artefact.manifest) / 1024
        assert len(artefact.manifest.quantised_layers) == 5
        for height, width in ((1, 1), (17, 24)):
            images = np.ascontiguousarray(crops.held_out_images[:1, :, :height, :width])
            enlarged = run(artefact.program, images)
            assert enlarged.shape == (1, 3, 2 * height, 2 * width)
            assert np.abs(enlarged - promised(images)).max() < 0.05
    target = Target.parse("xnnpack:precision=int8")
    enlarge = XnnpackRuntime().quantised(artefact.program, trained_network, target)
    with pytest.raises(ProfilingFailed, match=r"planned for 1024x1024 px at most, .*--tile 512"):
        enlarge(np.zeros((1, 3, LARGEST_PX + 1, LARGEST_PX + 1), np.float32))


def stored_bytes(network: SuperResolutionNetwork, manifest: Manifest) -> int:
    """Weights of 8 or 16 bits and biases of 32; those in integers have scales, for each channel."""

    def weights(layers: Iterable[str]) -> list[torch.Tensor]:
        return [network.get_parameter(f"{layer}.weight") for layer in layers]

    in_integers = sum(it.numel() + 3 * 4 * len(it) for it in weights(manifest.quantised_layers))
    return in_integers + sum(2 * it.numel() + 4 * len(it) for it in weights(manifest.float_layers))


def loaded(file: Path) -> Callable[[torch.Tensor], torch.Tensor]:
    with quiet_libraries():
        from executorch.runtime import Runtime

    program = Runtime.get().load_program(file.read_bytes())

    def call(encoded: torch.Tensor) -> torch.Tensor:
        enlarged: torch.Tensor = program.load_method("forward").execute((encoded.contiguous(),))[0]
        return enlarged.clone()

    return call


def test_a_scheme_that_leaves_no_float_is_refused(quantiser: XnnpackQuantiser) -> None:
    with pytest.raises(ValueError, match=r"convolutions only, got .*everything quantised"):
        quantiser.quantised_graph(SCHEME.model_copy(update={"scope": "everything"}), ())


def test_a_network_without_one_learned_part_is_refused() -> None:
    config = ClassSRConfig(
        scale=4,
        branches=(InterpolationConfig(scale=4), FsrcnnConfig(scale=4)),
    )
    crops = np.zeros((1, 3, 40, 40), np.float32)
    with pytest.raises((QuantisationFailed, ExportFailed), match=r"classsr|cannot be exported"):
        XnnpackEngine().open(seeded_network(config, 0), crops, DOT_PRODUCT)


def test_a_network_whose_least_maps_have_one_pixel_takes_images_of_any_size() -> None:
    config = SeemoReConfig(scale=2, channels=8, groups=1, recursion=1, kernel=3)
    network = seeded_network(config, 0)
    least_px = config.minimum_size_px
    crops = np.random.default_rng(0).random((1, 3, least_px, least_px), np.float32)
    quantiser = XnnpackEngine().open(network, crops, DOT_PRODUCT)
    graph = quantiser.quantised_graph(SCHEME, quantised(quantiser.layers))
    for height, width in ((least_px, least_px), (3 * least_px + 1, 2 * least_px)):
        enlarged = network.images_by(graph, torch.zeros(1, 3, height, width))
        assert enlarged.shape == (1, 3, 2 * height, 2 * width)


def test_images_have_a_largest_size() -> None:
    assert LARGEST_PX >= 510  # DIV2K's widest at x4
