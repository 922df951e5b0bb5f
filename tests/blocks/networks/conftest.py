"""A strategy for the configurations of each family, which `st.from_type` finds by their type."""

import math
from typing import get_args

from hypothesis import strategies as st

from blocks import (
    CarnConfig,
    EdsrConfig,
    FsrcnnConfig,
    HybridConfig,
    ImdnConfig,
    MsrResNetConfig,
    NetworkConfig,
    RcanConfig,
    RlfnConfig,
    SafmnConfig,
    SeemoReConfig,
    SmsrConfig,
    SpanConfig,
    SplitSRConfig,
)
from blocks.networks.hybrid import GroupKind
from blocks.networks.seemore_config import DenseKind
from blocks.networks.splitsr_blocks import BlockKind

SCALES = st.sampled_from((2, 3, 4))
SKIPS = st.sampled_from(("none", "bilinear", "bicubic"))
UPSAMPLERS = st.sampled_from(("chain", "one_step"))
CHANNELS = st.integers(1, 12)
FOURFOLDS = st.integers(1, 5).map(lambda quarter: 4 * quarter)
DEPTHS = st.integers(1, 3)


@st.composite
def splitsr_configs(draw: st.DrawFn) -> SplitSRConfig:
    channels, groups, blocks = (draw(st.integers(1, most)) for most in (12, 3, 5))
    upsampler = draw(UPSAMPLERS)
    scope = draw(st.sampled_from(("group", "block")))
    locations = ("features", "upsampler", "both") if upsampler == "chain" else ("features",)
    kind = draw(st.sampled_from(get_args(BlockKind)))
    divides = kind == "ghost"
    actives = [a for a in range(1, channels + 1) if not divides or channels % a == 0]
    active = draw(st.sampled_from(actives))
    masks = st.tuples(*[st.tuples(*[st.booleans()] * blocks)] * groups)
    return SplitSRConfig.model_validate(
        {
            "scale": draw(SCALES),
            "channels": channels,
            "groups": groups,
            "blocks": blocks,
            "active_channels": active,
            "block_kind": kind,
            "expansion": draw(st.integers(1, 3)),
            "convolution_groups": math.gcd(draw(st.integers(1, 4)), channels, active),
            "hybrid_index": draw(st.integers(0, groups if scope == "group" else blocks)),
            "hybrid_scope": scope,
            "hybrid_mode": draw(st.sampled_from(("split_first", "standard_first", "interleave"))),
            "location": draw(st.sampled_from(locations)),
            "attention": draw(st.sampled_from(("none", "squeeze_excitation"))),
            "upsampler": upsampler,
            "image_skip": draw(SKIPS),
            "split_mask": draw(st.one_of(st.none(), masks)),
        }
    )


@st.composite
def mixer_fields(draw: st.DrawFn, channels: int) -> dict[str, object]:
    ranks = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    divisors = [parts for parts in range(1, channels + 1) if channels % parts == 0]
    return {
        "channels": channels,
        "ranks": ranks,
        "top_k": draw(st.integers(1, len(ranks))),
        "recursion": draw(st.integers(0, 1)),
        "shuffle": draw(st.booleans()),
        "kernel": draw(st.sampled_from((3, 7, 11))),
        "ffn_ratio": 2 * draw(st.integers(1, 2 * channels)) / channels,
        "dense_kind": draw(st.sampled_from(get_args(DenseKind))),
        "dense_parts": draw(st.sampled_from(divisors)),
    }


@st.composite
def seemore_configs(draw: st.DrawFn) -> SeemoReConfig:
    return SeemoReConfig.model_validate(
        {
            **draw(mixer_fields(draw(st.integers(1, 12)))),
            "scale": draw(SCALES),
            "groups": draw(st.integers(1, 2)),
            "image_skip": draw(SKIPS),
        }
    )


@st.composite
def hybrid_configs(draw: st.DrawFn) -> HybridConfig:
    kinds = st.sampled_from(get_args(GroupKind))
    groups = draw(st.lists(kinds, min_size=1, max_size=3))
    # A mask module takes multiples of 16.
    channels = 16 if "masked" in groups else draw(st.integers(1, 12))
    return HybridConfig.model_validate(
        {
            **draw(mixer_fields(channels)),
            "scale": draw(SCALES),
            "groups": groups,
            "blocks": draw(DEPTHS),
            "active_channels": draw(st.integers(1, channels)),
            "mask_layers": draw(DEPTHS),
            "upsampler": draw(UPSAMPLERS),
            "image_skip": draw(SKIPS),
        }
    )


STRATEGIES: dict[type[NetworkConfig], st.SearchStrategy[NetworkConfig]] = {
    SplitSRConfig: splitsr_configs(),
    SeemoReConfig: seemore_configs(),
    HybridConfig: hybrid_configs(),
    SmsrConfig: st.builds(
        SmsrConfig, scale=SCALES, channels=st.sampled_from((16, 32)), modules=DEPTHS, layers=DEPTHS
    ),
    FsrcnnConfig: st.builds(
        FsrcnnConfig,
        scale=SCALES,
        channels=CHANNELS,
        mapping_channels=CHANNELS,
        mapping_layers=DEPTHS,
        design=st.sampled_from(("luma", "rgb", "luma_pytorch")),
    ),
    EdsrConfig: st.builds(
        EdsrConfig,
        scale=SCALES,
        channels=CHANNELS,
        blocks=DEPTHS,
        residual_scale=st.sampled_from((0.1, 1.0)),
    ),
    CarnConfig: st.builds(
        lambda scale, groups, share, design: CarnConfig(
            scale=scale, channels=groups * share, convolution_groups=groups, design=design
        ),
        SCALES,
        DEPTHS,
        st.integers(1, 6),
        st.sampled_from(("classsr", "original")),
    ),
    MsrResNetConfig: st.builds(MsrResNetConfig, scale=SCALES, channels=CHANNELS, blocks=DEPTHS),
    RcanConfig: st.builds(
        RcanConfig, scale=SCALES, channels=CHANNELS, groups=DEPTHS, blocks=DEPTHS
    ),
    ImdnConfig: st.builds(ImdnConfig, scale=SCALES, channels=FOURFOLDS, blocks=DEPTHS),
    RlfnConfig: st.builds(
        RlfnConfig,
        scale=SCALES,
        channels=CHANNELS,
        inner_channels=CHANNELS,
        blocks=DEPTHS,
        attention_channels=CHANNELS,
    ),
    SafmnConfig: st.builds(
        SafmnConfig,
        scale=SCALES,
        channels=FOURFOLDS,
        blocks=DEPTHS,
        mixer_ratio=DEPTHS,
        design=st.sampled_from(("paper", "ntire")),
    ),
    SpanConfig: st.builds(
        SpanConfig,
        scale=SCALES,
        channels=CHANNELS,
        fusion_channels=st.one_of(st.none(), CHANNELS),
        blocks=DEPTHS,
        form=st.sampled_from(("folded", "training")),
    ),
}
for config_type, strategy in STRATEGIES.items():
    st.register_type_strategy(config_type, strategy)
