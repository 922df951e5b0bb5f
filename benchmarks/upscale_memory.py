"""The memory that `paretosr upscale` takes for a photograph of 1920x1080 pixels.

Every network of the catalogue, at its largest scale and with random weights, in each of its
variants (left to itself, `upscale` takes the one that is fastest, which is not the same on every
machine), in a process of its own that starts the command, reads the photograph and writes the
enlarged one; the system tells the largest resident memory of that process. The bound: 2 GiB.

    python benchmarks/upscale_memory.py [--only NAME[:VARIANT] ...]

keeps its rows in results/upscale_memory.csv beside this script, after every variant, and writes
the table results/upscale_memory.md of all rows there are, those of earlier calls included. A
call measures the networks of few multiply-adds first, and what is in the file already, anew.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pandas as pd
import PIL.Image
import torch

from blocks import CATALOGUE, NetworkConfig, build_network, save_checkpoint, variants_of
from profilers import Target, describe_device, macs_bound
from profilers.runtimes.images import sample_images
from upscaling.tiles import tiling_of

RESULTS = Path(__file__).resolve().parent / "results"
ROWS, TABLE = RESULTS / "upscale_memory.csv", RESULTS / "upscale_memory.md"
PHOTOGRAPH = Target(lr_height_px=1080, lr_width_px=1920)
BOUND_MIB = 2048
KEY = ["network", "variant"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", metavar="NAME[:VARIANT]", nargs="+", help="of the catalogue")
    only = parser.parse_args().only
    cases = [
        (name, config, variant)
        for name, config, variant in every_case()
        if not only or {name, f"{name}:{variant}"} & set(only)
    ]
    with tempfile.TemporaryDirectory() as folder:
        photograph = Path(folder, "photograph.png")
        pixels = sample_images(PHOTOGRAPH)[0].permute(1, 2, 0).mul(255).to(torch.uint8).numpy()
        PIL.Image.fromarray(pixels).save(photograph)
        for case in cases:
            row = measured(*case, photograph)
            print(row, flush=True)  # noqa: T201
            keep(row)


@cache
def every_case() -> list[tuple[str, NetworkConfig, str]]:
    """The networks of the catalogue in all variants, from the fewest to the most multiply-adds."""
    largest: dict[str, NetworkConfig] = {}
    for entry in sorted(CATALOGUE, key=lambda entry: entry.config.scale):
        largest[entry.name] = entry.config
    networks = sorted(largest.items(), key=lambda item: macs_bound(item[1]).total)
    return [(name, config, variant) for name, config in networks for variant in variants_of(config)]


def measured(name: str, config: NetworkConfig, variant: str, photograph: Path) -> dict[str, object]:
    checkpoint = photograph.with_name("x.safetensors")
    torch.manual_seed(0)
    save_checkpoint(checkpoint, build_network(config).state_dict(), config, {})
    peak_mib, processor_s = enlarge(checkpoint, variant, config.scale, photograph)
    tiling = tiling_of(config, variant, None)
    return {
        "network": name,
        "variant": variant,
        "scale": config.scale,
        "tile_px": tiling.tile_px,
        "margin_px": tiling.margin_px,
        "peak_mib": round(peak_mib),
        "processor_s": round(processor_s),
        "machine": machine(),
    }


def machine() -> str:
    """What memory depends on."""
    known = describe_device()
    keys = ("cpu_model", "cpu_instruction_sets", "torch_threads", "python_version", "torch_version")
    return ", ".join(f"{key} {known[key]}" for key in keys)


def enlarge(checkpoint: Path, variant: str, scale: int, photograph: Path) -> tuple[float, float]:
    """Return the peak memory in MiB of one process, and its processor time in seconds."""
    large = photograph.with_name("large.png")
    command = [sys.executable, "-m", "paretosr", "upscale", "--variant", variant, "--json"]
    files = (checkpoint, photograph, large)
    with subprocess.Popen([*command, *files], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None  # it was asked for
        answer = process.stdout.read()
        # Popen.wait would not tell what this one child took.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(
            f"paretosr upscale failed in variant {variant}, status {process.returncode}"
        )
    assert json.loads(answer)["variant"] == variant
    with PIL.Image.open(large) as image:
        assert image.size == (1920 * scale, 1080 * scale)
    peak_mib = usage.ru_maxrss / 1024  # Linux counts kibibytes
    return peak_mib, usage.ru_utime + usage.ru_stime


def keep(row: dict[str, object]) -> None:
    """Add a row to the file, in the place of an earlier one, and write the table anew."""
    rows = pd.DataFrame([row])
    if ROWS.exists():
        rows = pd.concat([pd.read_csv(ROWS), rows]).drop_duplicates(KEY, keep="last")
    rows.to_csv(ROWS, index=False)
    TABLE.write_text(make_table(rows), encoding="utf-8")


def make_table(rows: pd.DataFrame) -> str:
    known = {(row.network, row.variant): row for row in rows.itertuples()}
    worst = rows.sort_values("peak_mib").iloc[-1]
    missing = [
        f"{name} {variant}" for name, _, variant in every_case() if (name, variant) not in known
    ]
    return "\n".join(
        [
            "# Memory of enlarging 1920x1080 pixels",
            "",
            "`upscale_memory.py`: `paretosr upscale` of one photograph by every network of the "
            "catalogue at its largest scale, in each of its variants, random weights, tiles as "
            f"chosen without options. The most: {worst.peak_mib} MiB ({worst.network} "
            f"{worst.variant}); the bound is {BOUND_MIB} MiB.",
            "",
            "| network | variant | scale | tile + margin (px) | peak (MiB) | processor time (s) |",
            "|---|---|--:|--:|--:|--:|",
            *(
                f"| {name} | {variant} | x{row.scale} | {row.tile_px} + {row.margin_px} "
                f"| {row.peak_mib} | {row.processor_s} |"
                for name, _, variant in every_case()
                if (row := known.get((name, variant))) is not None
            ),
            "",
            f"Not measured: {', '.join(missing) or 'none'}.",
            "",
            *(f"{machine}." for machine in rows["machine"].unique()),
            "",
        ]
    )


if __name__ == "__main__":
    main()
