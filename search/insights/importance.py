"""Which hyperparameters decide how good a network becomes, by PED-ANOVA.

Source: Watanabe et al. 2023, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in
Arbitrary Subspaces", IJCAI. A share says how differently the values of a hyperparameter are spread
among the best networks and among all. Each family is looked at by itself, since families share no
hyperparameters.
"""

import warnings
from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial

from reports.page.insights import Importance
from reports.records import TrialRecord, objective

NEEDED_TRIALS = 20
"""Trained networks of a family: a quarter of them, five, are then the best (Optuna's advice)."""
_BEST = 5
_LEAST_QUANTILE = 0.1


def importance_of(
    trials: Sequence[tuple[FrozenTrial, TrialRecord]], objectives: Sequence[str]
) -> tuple[Importance, ...]:
    """The shares for each family and objective, of the trained trials of a study.

    Raises:
        ValueError: an unknown objective.
    """
    found = []
    for family in sorted({record.family for _, record in trials}):
        members = [(trial, record) for trial, record in trials if record.family == family]
        for name in objectives:
            known = [it for it in members if getattr(it[1], name) is not None]
            found.append(
                Importance(
                    family=family,
                    objective=name,
                    trials=len(known),
                    needed=NEEDED_TRIALS,
                    shares=_shares(family, name, known) if len(known) >= NEEDED_TRIALS else {},
                )
            )
    return tuple(found)


def _shares(
    family: str, name: str, trials: Sequence[tuple[FrozenTrial, TrialRecord]]
) -> dict[str, float]:
    # Only here: it brings scikit-learn along, half a second of every search's start.
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    prefix = f"{family}."
    sign = 1.0 if objective(name).direction == "minimise" else -1.0
    study = optuna.create_study(storage=optuna.storages.InMemoryStorage())
    for trial, record in trials:
        own = {key: it for key, it in trial.params.items() if key.startswith(prefix)}
        kinds = {key: trial.distributions[key] for key in own}
        value = sign * float(getattr(record, name))
        study.add_trial(optuna.create_trial(value=value, params=own, distributions=kinds))
    if not study.trials[0].params:  # a family of one design
        return {}
    quantile = max(_LEAST_QUANTILE, _BEST / len(trials))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        evaluator = PedAnovaImportanceEvaluator(target_quantile=quantile)
        shares = get_param_importances(study, evaluator=evaluator)
    # Rounding may leave a sum of shares a little above 1.
    return {key.removeprefix(prefix): min(1.0, float(it)) for key, it in shares.items()}
