"""Networks that were pruned from those of a run or taught by them, as they were judged there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, InstanceOf, PlainSerializer, TypeAdapter

from foundation import FrozenConfig, parse_config, write_text_atomically
from foundation.documents import read_json
from reports.records import TrialRecord

COMPRESSED_FILE = "compressed.json"

CompressedForm = Literal["pruned", "distilled"]


class CompressedNetwork(FrozenConfig):
    """A smaller network that has its weights or its lessons from one of a run."""

    form: CompressedForm
    network: str
    """The id of the run's: the parent, or the teacher."""
    file: str
    """Its checkpoint."""
    weights: str
    """Digest of its weights."""
    record: Annotated[
        InstanceOf[TrialRecord],
        BeforeValidator(
            lambda it: it if isinstance(it, TrialRecord) else TrialRecord.from_json(it)
        ),
        PlainSerializer(TrialRecord.to_json),
    ]
    """What it gives on the run's images and costs on its target; it is no trial."""

    @property
    def name(self) -> str:
        """The folder that it was trained in, or the file without its suffix."""
        path = Path(self.file)
        return path.parent.name if path.stem == "model" and path.parent.name else path.stem


_COMPRESSED: TypeAdapter[tuple[CompressedNetwork, ...]] = TypeAdapter(tuple[CompressedNetwork, ...])


def read_compressed(run_dir: Path) -> tuple[CompressedNetwork, ...]:
    """Those that were judged beside the networks of a run, in their order.

    Raises:
        ValueError: the file is not what `judge_compressed` writes.
    """
    path = run_dir / COMPRESSED_FILE
    if not path.is_file():
        return ()
    return parse_config(_COMPRESSED, read_json(path), str(path))


def write_compressed(run_dir: Path, networks: Sequence[CompressedNetwork]) -> None:
    """Replace what the run directory holds.

    Raises:
        OSError: the folder cannot be written.
    """
    text = _COMPRESSED.dump_json(tuple(networks), indent=1).decode()
    write_text_atomically(run_dir / COMPRESSED_FILE, text + "\n")
