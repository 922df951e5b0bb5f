"""The recipes for networks of any family: our own, and those of SeemoRe and SplitSR."""

from training.recipes.recipe import Recipe, Routing

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

STEADY = QUICK.replace(
    name="steady",
    warmup_fraction=0.05,
    decay="constant",
    ema_decay=0.999,
)
"""Quick, for trainings that are continued to longer ones: each is the beginning of every longer.

After 50 steps the rate stays, and what calms the weights is their average: up to some 9,000 steps
over the last ninth of them, for so long `ema_decay` is no bound. A rate that falls over the last
tenth of each training gave no more: see benchmarks/results/schedules.md. Source of the average:
Shamir and Zhang 2013, arXiv:1212.1824, section 4; the settings are this project's own.
"""

MEDIUM = Recipe(
    name="medium",
    batch_size=16,
    lr_patch_px=24,
    best_of=1,
    learning_rate=2e-3,
    betas=(0.9, 0.99),
    warmup_fraction=0.02,
    decay="cosine",
    ema_decay=0.999,
    zero_last_convolution=True,
    loss="l1",
    steps=40_000,
)
"""For weights worth using, in about an hour on one core for a network of some 200,000 parameters.

A step takes 19, 74 and 199 ms of processor time for SplitSRs x2 of 27,000, 188,000 and 564,000
parameters and 39 and 248 ms for SeemoRes of 20,000 and 220,000, on one core of an AMD EPYC with
AVX-512: 12 minutes to 2 hours 45 minutes. Patches of 32 pixels would take 1.7 times as long.
The peak: after 2,000 steps so on BSDS400 the smallest of these SplitSRs had 32.28, 32.43 and 32.47
dB on Set14 with 0.001, 0.002 and 0.004, one seed each; of the two that tie this is the lower, since
larger networks take less. Sources: batch 16 from EDSR (arXiv:1707.02921), patches of 24 pixels from
SplitSR (Liu et al. 2021, arXiv:2101.07996); a zeroed last convolution from this project's own
prototype study; a cosine, a short warm-up and the average as in `LONG`.
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
