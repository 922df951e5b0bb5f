"""The memory that `paretosr upscale` takes for a photograph of 1920x1080 pixels.

Every network of the catalogue, at its largest scale and with random weights, in a process of its
own that starts the command, reads the photograph and writes the enlarged one; the system tells
the largest resident memory of that process. The bound: 2 GiB.

    python benchmarks/upscale_memory.py [--only NAME ...]

writes results/upscale_memory.md beside this script, anew after every network, the fastest
networks first: stopped early, it lists those that are missing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import PIL.Image
import torch
from common import device_text

from blocks import CATALOGUE, NetworkConfig, build_network, save_checkpoint
from paretosr.tiles import tiling_of
from profilers import Target, analytic_cost
from profilers.images import sample_images

RESULT = Path(__file__).resolve().parent / "results" / "upscale_memory.md"
PHOTOGRAPH = Target(lr_height_px=1080, lr_width_px=1920)
BOUND_MIB = 2048


@dataclass(frozen=True)
class Enlarged:
    """What one process took."""

    name: str
    config: NetworkConfig
    form: str
    peak_mib: float
    processor_seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", metavar="NAME", nargs="+", help="networks of the catalogue")
    only = parser.parse_args().only
    networks = {name: config for name, config in largest_scales() if not only or name in only}
    rows: list[Enlarged] = []
    with tempfile.TemporaryDirectory() as folder:
        photograph = Path(folder, "photograph.png")
        pixels = sample_images(PHOTOGRAPH)[0].permute(1, 2, 0).mul(255).to(torch.uint8).numpy()
        PIL.Image.fromarray(pixels).save(photograph)
        for name, config in networks.items():
            rows.append(measure(name, config, photograph))
            print(row_of(rows[-1]), flush=True)  # noqa: T201
            RESULT.write_text(make_table(rows, networks), encoding="utf-8")


def largest_scales() -> list[tuple[str, NetworkConfig]]:
    """The networks of the catalogue from the fewest to the most multiply-adds."""
    largest: dict[str, NetworkConfig] = {}
    for entry in sorted(CATALOGUE, key=lambda entry: entry.config.scale):
        largest[entry.name] = entry.config
    return sorted(largest.items(), key=lambda item: macs_of(item[1]))


def macs_of(config: NetworkConfig) -> int:
    return analytic_cost(config, lr_height_px=90, lr_width_px=160, batch=1).macs


def measure(name: str, config: NetworkConfig, photograph: Path) -> Enlarged:
    checkpoint, large = photograph.with_name("x.safetensors"), photograph.with_name("large.png")
    torch.manual_seed(0)
    save_checkpoint(checkpoint, build_network(config).state_dict(), config, {})
    paths = (str(path) for path in (checkpoint, photograph, large))
    command = [sys.executable, "-m", "paretosr", "upscale", *paths, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None  # it was asked for
        answer = process.stdout.read()
        # Popen.wait would not tell what this one child took.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"paretosr upscale failed with {name}, exit status {process.returncode}")
    with PIL.Image.open(large) as image:
        assert image.size == (1920 * config.scale, 1080 * config.scale)
    peak_mib = usage.ru_maxrss / 1024  # Linux counts kibibytes
    form = json.loads(answer)["form"]
    return Enlarged(name, config, form, peak_mib, usage.ru_utime + usage.ru_stime)


def make_table(rows: list[Enlarged], networks: Iterable[str]) -> str:
    measured = {row.name for row in rows}
    missing = [name for name in networks if name not in measured]
    worst = max(rows, key=lambda row: row.peak_mib)
    device = device_text()
    return "\n".join(
        [
            "# Memory of enlarging 1920x1080 pixels",
            "",
            "`upscale_memory.py`: `paretosr upscale` of one photograph by every network of the "
            "catalogue at its largest scale, random weights, tiles and form as chosen without "
            f"options. The most: {worst.peak_mib:.0f} MiB ({worst.name}); the bound is "
            f"{BOUND_MIB} MiB.",
            "",
            "| network | scale | tile + margin (px) | form | peak (MiB) | processor time (s) |",
            "|---|--:|--:|---|--:|--:|",
            *map(row_of, rows),
            "",
            f"Not measured: {', '.join(missing) or 'none'}.",
            "",
            f"{device}.",
            "",
        ]
    )


def row_of(row: Enlarged) -> str:
    tiling = tiling_of(row.config, None)
    return (
        f"| {row.name} | x{row.config.scale} | {tiling.tile_px} + {tiling.margin_px} | {row.form} "
        f"| {row.peak_mib:.0f} | {row.processor_seconds:.0f} |"
    )


if __name__ == "__main__":
    main()
