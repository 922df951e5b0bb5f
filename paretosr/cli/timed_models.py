"""What `paretosr profile` says of models that it only times."""

from dataclasses import asdict

from blocks.models import ResolvedModel
from paretosr.cli.output import write_json, write_line, write_note, write_rows
from paretosr.cli.progress import status_line
from paretosr.costs import compare_models, noise_warning, sustain_model, verdict
from profilers import Target, clock_of

_COMPARED = {
    "faster": "faster than",
    "slower": "slower than",
    "not distinguishable": "not distinguishable from",
}


def write_compared(
    model: ResolvedModel,
    other: ResolvedModel,
    target: Target,
    variant: str | None,
    max_seconds: float,
    *,
    as_json: bool,
) -> None:
    """Write which of two models is the faster one."""
    with status_line(silent=as_json) as status:
        status("timing both")
        ratio = compare_models(model, other, target, variant=variant, max_seconds=max_seconds)
    if as_json:
        names = {"model": model.name, "against": other.name, "scale": model.scale}
        answer = {**asdict(ratio), "verdict": verdict(ratio)}
        write_json({**names, "target": str(target), **answer})
        return
    if (note := noise_warning(ratio.reference_spread, ratio.quiet_share)) is not None:
        write_note(note)
    write_line(
        f"{model.name} is {_COMPARED[verdict(ratio)]} {other.name} on {target}: it takes "
        f"{ratio.ratio:.3f} of its time, 95 % interval {ratio.ci_low:.3f} to {ratio.ci_high:.3f}"
    )
    write_line(
        f"medians {ratio.candidate_ms:.2f} and {ratio.reference_ms:.2f} ms of {ratio.repeats} calls"
    )


def write_sustained(
    model: ResolvedModel, target: Target, variant: str | None, seconds: float, *, as_json: bool
) -> None:
    """Write how the time of `model` changes while it runs without a pause."""
    with status_line(silent=as_json) as status:
        status(f"running for {seconds:g} s without a pause")
        sustained = sustain_model(model, target, variant=variant, seconds=seconds)
    times = sustained.times
    if as_json:
        named = {"model": model.name, "scale": model.scale, "target": str(target)}
        how = {"variant": sustained.variant, "clock": clock_of(target)[0]}
        write_json({**named, **how, **asdict(times)})
        return
    first_ms = times.windows[0].median_ms
    rows = [
        (
            f"{window.ended_seconds:.1f}",
            f"{window.median_ms:.2f}",
            f"{window.median_ms / first_ms:.3f}",
        )
        for window in times.windows
    ]
    headings = ("until (s)", "median (ms)", "to the first calls")
    write_line(f"{model.name} x{model.scale} on {target}, {times.repeats} calls without a pause")
    write_rows(headings, rows, numbers=headings)
    write_line(
        f"the last calls take {times.slowdown:.3f} of the time of the first, "
        f"95 % interval {times.ci_low:.3f} to {times.ci_high:.3f}"
    )
