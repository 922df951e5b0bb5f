"""The recipes by name: frozen, each with its sources and departures."""

from collections.abc import Mapping
from types import MappingProxyType

from training.recipes.recipe import Recipe, Routing, Settings

QUICK = Recipe(
    name="quick",
    batch_size=8,
    lr_patch_px=16,
    best_of=4,
    learning_rate=4e-3,
    betas=(0.9, 0.99),
    warmup_fraction=0.1,
    decay="linear",
    ema_decay=0.99,
    zero_last_convolution=True,
    loss="l1",
    routing=Routing(stage="apart"),
    steps=1000,
)
"""Makes a thousand steps, seconds on a CPU core, say something about a network.

It counts on a network with an image skip: the zeroed last convolution then starts the
training at the enlarged input. Source: this project's own prototype study, where Set5 x4
rose 1.5 dB above bicubic in 2.6-2.9 s on one core; the usual settings (Adam 5e-4, batch 16,
patch 24, no skip) had not gained 0.5 dB after 13 s. Of ClassSR it trains everything apart:
jointly, two SplitSR branches and interpolation x2 came to one class for all patches.
"""

LONG = Recipe(
    name="long",
    batch_size=16,
    lr_patch_px=48,
    best_of=1,
    learning_rate=1e-3,
    betas=(0.9, 0.99),
    warmup_fraction=0.01,
    decay="cosine",
    ema_decay=0.999,
    zero_last_convolution=False,
    loss="l1",
    steps=100_000,
)
"""For final weights, in hours on a GPU.

Sources: batch 16, LR patch 48 and L1 from EDSR (Lim et al. 2017, arXiv:1707.02921, section
4.2); Adam 1e-3 with betas (0.9, 0.99) from SeemoRe's published options (github.com/
eduardzamfir/seemoredetails). Departures from both: 100,000 steps instead of 300,000 and
500,000, hence one smooth cosine decay instead of halvings at fixed steps, a short warm-up,
an average of the weights, and neither SeemoRe's Fourier loss nor its larger batch.
"""

SEEMORE = Recipe(
    name="seemore",
    batch_size=32,
    lr_patch_px=64,
    best_of=1,
    learning_rate=1e-3,
    betas=(0.9, 0.99),
    warmup_fraction=0.0,
    decay="halving",
    halvings=(0.5, 0.8, 0.9, 0.95),
    ema_decay=0.0,
    zero_last_convolution=False,
    loss="l1",
    fourier_weight=0.1,
    steps=500_000,
)
"""As SeemoRe was trained.

Source: the options of the T models in github.com/eduardzamfir/seemoredetails (Zamfir et al.
2024, arXiv:2402.03412). Departures: the number of GPUs, each of which had 32 patches, is not
stated and taken as one. At x3 and x4 the authors start from the weights at x2 and x3, for
which the command line has --init.
"""

SPLITSR = Recipe(
    name="splitsr",
    batch_size=16,
    lr_patch_px=24,
    best_of=1,
    learning_rate=1e-4,
    betas=(0.9, 0.999),
    epsilon=1e-7,
    warmup_fraction=0.0,
    decay="halving",
    halvings=(1 / 3, 2 / 3),
    ema_decay=0.0,
    zero_last_convolution=False,
    loss="l1",
    steps=600_000,
)
"""As SplitSR was trained.

Source: Liu et al. 2021 (SplitSR), arXiv:2101.07996. Departures: the batch size is not
published and taken from EDSR (arXiv:1707.02921); "every 2e2" steps for the halving is read as
every 2e5; patches of 24 pixels, published as 96 after enlargement by 4, serve all scales.
"""

SMSR = Recipe(
    name="smsr",
    family="smsr",
    batch_size=16,
    lr_patch_px=96,
    best_of=1,
    learning_rate=2e-4,
    betas=(0.9, 0.999),
    warmup_fraction=0.0,
    decay="halving",
    halvings=(0.199, 0.399, 0.599, 0.799, 0.999),
    ema_decay=0.0,
    zero_last_convolution=False,
    loss="l1",
    steps=1_000_000,
)
"""As SMSR was trained: 1000 epochs of 1000 steps.

The rate of epoch e, counted from 1, is halved e // 200 times: before epochs 200, 400, ..., 1000.
Source: github.com/LongguangWang/SMSR. Departures: those of `Sparsity`, and a batch whose loss
is far above the usual is not skipped.
"""

CLASSSR_BRANCH = Recipe(
    name="classsr-branch",
    family="classsr",
    batch_size=16,
    lr_patch_px=32,
    best_of=1,
    learning_rate=1e-3,
    betas=(0.9, 0.99),
    warmup_fraction=0.0,
    decay="cosine",
    final_learning_rate=1e-7,
    ema_decay=0.0,
    zero_last_convolution=False,
    loss="l1",
    routing=Routing(stage="branches"),
    steps=500_000,
)
"""ClassSR's first stage: every branch on the patches of its class, all in one training.

Source: github.com/XPixelGroup/ClassSR. These are the settings of FSRCNN branches, and of those
that are not published; `BY_BACKBONE` has the others. Departures: patches are classed by the error
of bicubic enlargement, in equal parts of the training patches, instead of by the PSNR of a trained
MSRResNet at thresholds that gave about equal parts; the images are not rescaled beforehand.
"""

CLASSSR_CLASSIFIER = CLASSSR_BRANCH.replace(
    name="classsr-classifier",
    batch_size=96,
    learning_rate=2e-4,
    cosine_horizon=2.5,
    routing=Routing(stage="classifier"),
    steps=200_000,
)
"""ClassSR's second stage: the classifier, between branches that stay as they are.

Source: github.com/XPixelGroup/ClassSR, with its period of 500,000 steps for a training of
200,000, so that the learning rate ends at 65 % of the peak. `BY_BACKBONE` has what is other for
RCAN. Departures: those of the first stage.
"""

CLASSSR_JOINT = CLASSSR_CLASSIFIER.replace(name="classsr-joint", routing=Routing(stage="joint"))
"""ClassSR's third stage: classifier and branches together.

Source: arXiv:2103.04039; no settings are published, so those of the second stage are taken.
"""

_RCAN_ROUTING: Settings = {
    "batch_size": 60,
    "learning_rate": 3e-5,
    "final_learning_rate": 2e-6,
    "routing.pixel_weight": 4 * 255,
}

BY_BACKBONE: Mapping[str, Mapping[str, Settings]] = MappingProxyType(
    {
        "classsr-branch": {
            "carn": {"learning_rate": 2e-4},
            "msrresnet": {"learning_rate": 2e-4},
            "rcan": {"learning_rate": 2e-4, "steps": 1_000_000},
        },
        "classsr-classifier": {"rcan": _RCAN_ROUTING},
        "classsr-joint": {"rcan": _RCAN_ROUTING},
    }
)
"""What ClassSR's recipes have otherwise for some families of branches, by recipe and family.

Source: the option files in github.com/XPixelGroup/ClassSR. RCAN's weight of 4 is for values from 0
to 255. Departure: RCAN's rate falls along one cosine over its million steps; the published
options have a period of 500,000 and then a restart without a period, at which the code stops.
"""

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            QUICK,
            LONG,
            SEEMORE,
            SPLITSR,
            SMSR,
            CLASSSR_BRANCH,
            CLASSSR_CLASSIFIER,
            CLASSSR_JOINT,
        )
    }
)


def get_recipe(name: str) -> Recipe:
    """Return the recipe called `name`.

    Raises:
        ValueError: no recipe has that name; the message lists those that exist.
    """
    if name not in RECIPES:
        raise ValueError(f"recipe must be one of {', '.join(RECIPES)}, got {name!r}")
    return RECIPES[name]
