"""How ClassSR is trained: its published recipes, and what they need to know of the network."""

from collections.abc import Mapping
from types import MappingProxyType

from blocks.networks.classsr import ClassSRConfig
from training.recipes.family import FamilyRecipes
from training.recipes.recipe import BRANCHES, Recipe, Routing, Settings

BALANCED_BATCH = 32

CLASSSR_BRANCH = Recipe(
    name="classsr-branch",
    family="classsr",
    batch_size=16,
    lr_patch_px=32,
    rescalings=(0.9, 0.8, 0.7, 0.6),
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
that are not published; `BY_BACKBONE` has the others. Departures: patches are classed in equal parts
of the training patches instead of at thresholds that gave about equal parts, and, unless
`routing.classes_by` names a network, by the error of bicubic enlargement instead of by the PSNR of
a trained MSRResNet.
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


def adapted(recipe: Recipe, config: ClassSRConfig) -> Recipe:
    """The recipe with patches of the size in which the network cuts images, each as it is drawn.

    The classifier has to see easy patches as often as images have them. The hardest branch, in
    the published networks the backbone itself, decides what `BY_BACKBONE` has for it.
    """
    of_backbone = BY_BACKBONE.get(recipe.name, {}).get(config.branches[-1].family, {})
    return recipe.with_settings({"lr_patch_px": config.patch_px, "best_of": 1, **of_backbone})


def patch_classes(recipe: Recipe, config: ClassSRConfig) -> int:
    """How many classes the patches of a batch are in; 1 where they are not classed."""
    return len(config.branches) if recipe.routing.classes_are_known else 1


def warnings(recipe: Recipe, config: ClassSRConfig) -> list[str]:
    """What the user should know about the choice."""
    if recipe.routing.stage == BRANCHES:
        if recipe.routing.label_weight:
            return []
        return [
            "this stage leaves the classifier as it is, so that quality and classes on the "
            "validation images say nothing before the next stage: --recipe classsr-classifier "
            "with --init"
        ]
    patches = recipe.batch_size * patch_classes(recipe, config)
    if patches < BALANCED_BATCH:
        return [
            f"the batch of {patches} patches is small for the loss that balances the "
            f"classes: {BALANCED_BATCH} or more (--batch-size) mean more"
        ]
    return []


CLASSSR_RECIPES = FamilyRecipes(
    "classsr",
    "routing",
    recipes=(CLASSSR_BRANCH, CLASSSR_CLASSIFIER, CLASSSR_JOINT),
    adapted=adapted,
    patch_classes=patch_classes,
    warnings=warnings,
)
