"""SMSR: masks by hand, and the training pass against a plain transcription."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks import Smsr, SmsrConfig
from blocks.networks.smsr import Masks, SparseMaskModule, gumbel_softmax

SMALL = SmsrConfig(scale=2, channels=32, modules=2, layers=3)


class SoftTranscription:
    """The specification's sections 2 to 3.5, with the same draws in the same order.

    The input of layer i is split by the channel mask of layer i - `lag`: 1 in the paper and in the
    authors' inference, 0 in their training code.
    """

    def __init__(self, network: Smsr, temperature: float, lag: int = 1) -> None:
        self.lag = lag
        self.config = network.config
        self.weights: dict[str, Tensor] = dict(network.state_dict())
        self.temperature = temperature
        self.active: list[Tensor] = []

    def conv(self, x: Tensor, name: str) -> Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights.get(f"{name}.bias")
        return F.conv2d(x, weight, bias, padding=weight.shape[2] // 2)

    def draw(self, logits: Tensor, dim: int) -> Tensor:
        gumbel = -torch.log(-torch.log(torch.rand(logits.shape)))
        return torch.softmax((logits + gumbel) / self.temperature, dim)

    def spatial(self, x: Tensor, name: str) -> Tensor:
        f = F.avg_pool2d(F.relu(self.conv(x, f"{name}.0")), 2)
        f = F.relu(self.conv(f, f"{name}.3"))
        weight, bias = self.weights[f"{name}.5.weight"], self.weights[f"{name}.5.bias"]
        logits = F.conv_transpose2d(f, weight, bias, stride=2, padding=1, output_padding=1)
        return self.draw(logits, 1)[:, 1:]

    def module(self, x: Tensor, name: str) -> Tensor:
        M = self.spatial(x, f"{name}.predictor")
        channels = self.draw(self.weights[f"{name}.channel_logits"], 3)
        dense, sparse = channels[..., 0], channels[..., 1]
        f, outputs = x, []
        for layer in range(self.config.layers):
            D, S = (part[0, :, layer].view(1, -1, 1, 1) for part in (dense, sparse))
            if layer == 0:
                z = self.conv(x, f"{name}.convolutions.0")
                f = F.relu(z * S * M + z * D)
            else:
                given = layer - self.lag
                D_in, S_in = (part[0, :, given].view(1, -1, 1, 1) for part in (dense, sparse))
                a = self.conv(f * D_in, f"{name}.convolutions.{layer}")
                b = self.conv(f * S_in, f"{name}.convolutions.{layer}")
                f = F.relu(a * D + a * S * M + b * D * M + b * S * M)
            outputs.append(f)
            self.active.append(S * M + D)
        fused = self.conv(torch.cat(outputs, dim=1), f"{name}.fuse")
        gate = F.relu(self.conv(fused.mean((2, 3), keepdim=True), f"{name}.attention.squeeze"))
        return x + fused * torch.sigmoid(self.conv(gate, f"{name}.attention.excite"))

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean = torch.tensor((114.444, 111.4605, 103.020)).view(1, 3, 1, 1)
        shifted = images * 255 - mean
        f = self.conv(F.relu(self.conv(shifted, "input_convolution")), "shallow_convolution")
        first, outputs = f, []
        for k in range(self.config.modules):
            f = self.module(f, f"blocks.{k}")
            outputs.append(f)
        f = self.conv(F.relu(self.conv(torch.cat(outputs, dim=1), "fuse")), "trunk_convolution")
        f = F.pixel_shuffle(self.conv(f + first, "output_convolution"), self.config.scale)
        skip = F.interpolate(shifted, scale_factor=self.config.scale, mode="bicubic")
        return (f + skip + mean) / 255, torch.cat(self.active).mean()


@pytest.mark.parametrize("temperature", [1.0, 0.4])
def test_the_training_pass_equals_its_transcription(temperature: float) -> None:
    network, images = Smsr(SMALL), torch.rand(2, 3, 12, 16)
    with torch.no_grad():
        torch.manual_seed(7)
        expected, active = SoftTranscription(network, temperature)(images)
        torch.manual_seed(7)
        output = network.soft(images, temperature)
    torch.testing.assert_close(output.images, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(output.active_fraction, active, rtol=1e-5, atol=1e-6)


def test_the_masks_of_the_authors_training_code_give_other_images() -> None:
    """The departure that is declared: beyond the tolerance of the transcription above."""
    torch.manual_seed(0)
    network, images = Smsr(SMALL), torch.rand(1, 3, 12, 16)
    with torch.no_grad():
        torch.manual_seed(7)
        theirs, _ = SoftTranscription(network, 1.0, lag=0)(images)
        torch.manual_seed(7)
        ours = network.soft(images, 1.0).images
    assert (ours - theirs).abs().max() > 5e-5


def test_every_training_pass_draws_anew() -> None:
    network, images = Smsr(SMALL), torch.rand(1, 3, 8, 8)
    first, second = network.soft(images, 1.0), network.soft(images, 1.0)
    assert not torch.equal(first.images, second.images)
    assert first.active_fraction != second.active_fraction


def test_the_images_of_a_batch_share_channels_but_not_pixels() -> None:
    block = SparseMaskModule(16, 2)
    masks = block.sampled_masks(torch.rand(1, 16, 6, 8).expand(3, -1, -1, -1), 1.0)
    assert masks.dense.shape == (2, 16, 1, 1)
    assert masks.spatial.shape == (3, 1, 6, 8)
    assert not torch.equal(masks.spatial[0], masks.spatial[1])


def test_gumbel_softmax_prefers_as_softmax_does() -> None:
    """The largest of logits with Gumbel noise is each with its softmax probability."""
    probabilities = torch.tensor((0.1, 0.2, 0.7))
    drawn = gumbel_softmax(probabilities.log().expand(100_000, 3), 0.3, dim=1)
    torch.testing.assert_close(drawn.sum(dim=1), torch.ones(100_000))
    frequencies = drawn.argmax(dim=1).bincount() / 100_000
    torch.testing.assert_close(frequencies, probabilities, rtol=0, atol=0.01)


def test_hard_masks_by_hand() -> None:
    """A tie leaves a pixel inactive and a channel dense."""
    block = SparseMaskModule(16, 2)
    active = torch.tensor([[-1.0, 0.0], [1e-6, 2.0]])
    logits = torch.stack((torch.zeros(2, 2), active))[None]
    block.predictor.register_forward_hook(lambda *_: logits)
    with torch.no_grad():
        block.channel_logits.zero_()
        block.channel_logits[0, 3:, 0, 1] = 1
        block.channel_logits[0, :, 1, 1] = 1
    masks = block.masks(torch.rand(1, 16, 2, 2))
    assert masks.spatial.tolist() == [[[[0, 0], [1, 1]]]]
    assert masks.dense[0, :, 0, 0].tolist() == [1, 1, 1] + [0] * 13
    assert not masks.dense[1].any()
    assert masks.active_fractions().tolist() == [[(3 * 4 + 13 * 2) / (16 * 4), 0.5]]


def test_active_fractions_are_those_of_the_masks() -> None:
    spatial, dense = torch.rand(2, 1, 5, 4), torch.rand(3, 16, 1, 1)
    masks = Masks(spatial, dense)
    expected = torch.stack(
        [(spatial * (1 - d) + d).mean(dim=(1, 2, 3)) for d in dense.unbind()], dim=1
    )
    torch.testing.assert_close(masks.active_fractions(), expected)


def test_active_fractions_of_each_image_module_and_layer() -> None:
    network = Smsr(SMALL)
    with torch.no_grad():
        for block, dense in zip(network.blocks, (8, 32), strict=True):
            nn.init.zeros_(block.predictor[5].weight)
            block.predictor[5].bias.copy_(torch.tensor((1.0, 0.0)))  # no pixel is active
            block.channel_logits[..., 0] = 0
            block.channel_logits[..., 1] = (torch.arange(32.0).view(1, 32, 1) - dense + 0.5).sign()
        fractions = network.active_fractions(torch.rand(2, 3, 6, 5))
    assert fractions.tolist() == [[[0.25] * 3, [1.0] * 3]] * 2


def test_with_every_pixel_active_the_channels_masks_do_not_matter() -> None:
    network, images = Smsr(SMALL), torch.rand(2, 3, 6, 8)
    with torch.no_grad():
        assert not torch.allclose(network(images), network.all_active(images), atol=1e-6)
        for block in network.blocks:
            nn.init.zeros_(block.predictor[5].weight)
            block.predictor[5].bias.copy_(torch.tensor((0.0, 1.0)))
        torch.testing.assert_close(network(images), network.all_active(images))


@pytest.mark.parametrize("size", [(1, 1), (1, 6), (7, 3), (4, 5)])
def test_odd_images_repeat_their_last_row_and_column(size: tuple[int, int]) -> None:
    network, images = Smsr(SMALL), torch.rand(2, 3, *size)
    height, width = size
    even = torch.cat((images, images[:, :, -1:]), dim=2) if height % 2 else images
    even = torch.cat((even, even[..., -1:]), dim=3) if width % 2 else even
    with torch.no_grad():
        expected = network(even)[:, :, : 2 * height, : 2 * width]
        torch.testing.assert_close(network(images), expected)


def test_the_masks_are_predicted_in_full_precision() -> None:
    block, x = SparseMaskModule(16, 2), torch.rand(1, 16, 8, 8)
    with torch.no_grad():
        expected = block.spatial_logits(x)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(block.spatial_logits(x), expected)


def test_channel_logits_start_between_0_and_1() -> None:
    logits = SparseMaskModule(64, 100).channel_logits
    assert logits.min() >= 0 and 0.99 < logits.max() < 1
    assert 0.49 < logits.mean() < 0.51


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"channels": 40}, "multiple of 16, .* got 40; use 48"),
        ({"modules": 0}, "modules"),
        ({"layers": 0}, "layers"),
    ],
)
def test_impossible_configurations_are_refused(fields: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SMALL.replace(**fields)
