"""`paretosr calibrate`: learn what networks cost on a target."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paretosr.cli.options import JsonOption, positive

if TYPE_CHECKING:
    from profilers.predictor import CalibrationFile


def calibrate(
    out: Annotated[
        Path, typer.Argument(metavar="FILE", help="Calibration to write, or to go on with.")
    ],
    target: Annotated[
        str | None,
        typer.Option(
            metavar="RUNTIME[:key=value,...]",
            help="What to measure on; see paretosr targets. [default: the config's, or eager]",
        ),
    ] = None,
    scale: Annotated[
        int | None,
        typer.Option(metavar="2|3|4", help="Of the networks. [default: the config's, or 2]"),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="CONFIG.yaml",
            help="A search whose space to measure [default: every family in its whole range].",
        ),
    ] = None,
    minutes: Annotated[
        float, typer.Option(callback=positive, help="For measuring networks, in all calls.")
    ] = 15.0,
    json: JsonOption = False,
) -> None:
    """Measure networks drawn from a search space, each twice, to predict the latency of others.

    FILE keeps the machine, the time of the reference network and every measurement. With it,
    `paretosr profile --calibration FILE` predicts a latency in well under a second beside
    measuring it, and a search with the key `calibration: FILE` leaves out, without measuring
    them, networks whose predicted latency breaks a bound. What the calibration says nothing of
    (another target, size, scale, machine or version, a network unlike all measured) is
    measured as ever, and said.

    Nothing else should run on the machine. A call that was interrupted is continued by the same
    command; a larger --minutes adds networks.

    \b
    Examples:
      paretosr calibrate eager-90x160.jsonl --target eager:threads=1,lr=90x160
      paretosr calibrate openvino.jsonl --target openvino:lr=64x64 --scale 4 --minutes 10
      paretosr calibrate mine.jsonl --config search.yaml
    """
    from paretosr.calibrating import space_and_target
    from paretosr.cli.progress import progress_bar
    from search.calibrating import calibrate as run_calibration

    space, wanted = space_and_target(config, target, scale)
    seconds = round(60 * minutes)
    try:
        with progress_bar("calibrating", total=seconds, silent=json, still=True) as update:
            file = run_calibration(
                space,
                wanted,
                out,
                max_seconds=seconds,
                status=lambda used, count, text: update(
                    round(used), f"{count} measurements, {text}"
                ),
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; the same command goes on with {out}") from None
    _write(file, as_json=json)


def _write(file: "CalibrationFile", *, as_json: bool) -> None:
    from paretosr.calibrating import checked
    from paretosr.cli.output import write_json, write_line, write_rows

    header, families = file.header, checked(file)
    if as_json:
        answer = {"file": str(file.path), "networks": len(file.networks), "families": families}
        write_json({**header.model_dump(mode="json"), **answer})
        return
    is_busy = header.quiet_share not in (None, 1)
    busy = "; the machine was busy, so all milliseconds are too high" if is_busy else ""
    write_line(
        f"{file.path}: {len(file.networks)} networks of scale {header.scale} on {header.target}; "
        f"one call of {header.reference} takes {header.reference_ms:.2f} ms of {header.clock} time"
        f"{busy}"
    )
    write_rows(
        ("family", "networks", "within 10 %", "90 % interval"),
        [
            (
                name,
                str(family["networks"]),
                f"{100 * family['within_tenth']:.0f} %",
                f"{100 * family['interval_low']:+.0f} to {100 * family['interval_high']:+.0f} %",
            )
            for name, family in families.items()
        ],
        numbers=("networks", "within 10 %", "90 % interval"),
    )
    write_line("predictions for networks left out of the fit, against what was measured of them")
