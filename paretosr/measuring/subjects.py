"""From a model and a text to what measuring processes run, and on which target."""

from blocks.models import Model
from profilers import Subject, Target
from profilers.host.variants import require_variant

# Interquartile range over median of calls that are all alike. Where it was 0.2, the ratios of two
# profiles of one network differed by 7 % (standard deviation), far beyond their intervals.
_QUIET_SPREAD = 0.1


def as_target(target: Target | str) -> Target:
    """Return a target that may be given as text.

    Raises:
        ValueError: the text names none.
    """
    return Target.parse(target) if isinstance(target, str) else target


def subject_of(model: Model, variant: str | None) -> Subject | None:
    """Return what a measuring process runs: the model with its weights; None for bicubic.

    Raises:
        ValueError: there is no such variant.
    """
    require_variant(model, variant)
    if model.config is None:
        return None
    return Subject(model.config, model.weights, variant)


def noise_warning(reference_spread: float, quiet_share: float | None) -> str | None:
    """Return what to tell of a machine on which calls of one network differ much, or None.

    Nothing where all that counts was measured while the machine was quiet.
    """
    if reference_spread <= _QUIET_SPREAD or quiet_share == 1:
        return None
    return (
        f"other work disturbs this machine: equal calls spread over {100 * reference_spread:.0f} % "
        f"of their time (interquartile range), more than {100 * _QUIET_SPREAD:.0f} %; another run "
        "may differ by more than the interval says"
    )
