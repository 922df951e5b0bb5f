"""Compression on the same front: what pruning, distillation and int8 lose and gain.

    python benchmarks/compression.py --data BSDS400 --set5 Set5 --set14 Set14 --b100 B100 \
        [--work runs/compression] [--only distillation ...] [--seeds 0 1 2]

trains the parents, then what descends from them, on one thread, and writes results/compression.md
and compression.csv beside this script. Everything is kept in the work folder: the same command
goes on with a call that was interrupted, and parts that are not asked for appear as they were
left there.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import compression_distillation
import compression_pruning
import pandas as pd
import torch
from common import device_text
from compression_workplace import PARENT_STEPS, RECIPE, SETS, Record, Workplace

from foundation import write_text_atomically
from paretosr.cli.listener import TerminalListener

RESULTS = Path(__file__).resolve().parent / "results"
PAGES = "pages"
PARTS = {part.PART: part for part in (compression_pruning, compression_distillation)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    for name in SETS:
        parser.add_argument(f"--{name.lower()}", type=Path, required=True, metavar="DIR")
    parser.add_argument("--work", type=Path, default=Path("runs/compression"), metavar="DIR")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[*PARTS], metavar="PART")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options = parser.parse_args()
    torch.set_num_threads(1)
    sets = {name: getattr(options, name.lower()) for name in SETS}
    with TerminalListener() as listener:
        place = Workplace(options.work, options.data, sets, options.seeds, listener)
        for name in options.only:
            rows = PARTS[name].rows(place)
            keep(options.work / PAGES, name, rows, PARTS[name].section(rows, place))
    publish(options.work / PAGES)


def keep(folder: Path, part: str, rows: Sequence[Record], section: Sequence[str]) -> None:
    """Write what a part found, and its section of the page."""
    columns = pd.DataFrame([row.as_csv for row in rows])
    write_text_atomically(folder / f"{part}.csv", columns.to_csv(index=False))
    write_text_atomically(folder / f"{part}.md", "\n".join(section))


def publish(folder: Path) -> None:
    """Put together what the parts left."""
    parts = [part for part in PARTS if (folder / f"{part}.md").exists()]
    lines = [
        "# Compression: what is lost and what is gained",
        "",
        f"Parents: {PARENT_STEPS:,} steps of the {RECIPE} recipe on BSDS400, x2. PSNR (dB) on Y."
        " Every figure is the median over three seeds of the training unless it says otherwise;"
        " gains are medians of the differences at equal seeds. `compression.csv` has every row.",
        "",
        device_text(),
        "",
        *((folder / f"{part}.md").read_text("utf-8") for part in parts),
    ]
    write_text_atomically(RESULTS / "compression.md", "\n".join(lines).rstrip() + "\n")
    tables = [pd.read_csv(folder / f"{part}.csv") for part in parts]
    text = pd.concat(tables).to_csv(index=False, float_format="%.4f")
    write_text_atomically(RESULTS / "compression.csv", text)


if __name__ == "__main__":
    main()
