"""Registries: what is known by name, written out in one list and open to additions."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from foundation.configs import nearest


class Named(Protocol):
    """What a registry holds: a frozen value with a name."""

    @property
    def name(self) -> str: ...


Entry = TypeVar("Entry", bound=Named)


class Registry(Mapping[str, Entry]):
    """Entries by name, in the order in which they were added.

    A module writes its entries out as one list. A plug-in may add to them later, and everything
    that asks the registry by name then knows the new entry as well.
    """

    def __init__(self, what: str, entries: Iterable[Entry] = ()) -> None:
        """`what` is the word for an entry in messages, such as "family"."""
        self._what = what
        self._entries: dict[str, Entry] = {}
        self.add(*entries)

    def add(self, *entries: Entry) -> None:
        """Add all of the entries, or none.

        Raises:
            ValueError: a name is taken, or given twice.
        """
        added: dict[str, Entry] = {}
        for entry in entries:
            if entry.name in self or entry.name in added:
                raise ValueError(
                    f"every {self._what} must have a name of its own, got {entry.name!r} again: "
                    "choose another name"
                )
            added[entry.name] = entry
        self._entries |= added

    def find(self, name: str) -> Entry:
        """The entry called `name`.

        Raises:
            ValueError: there is none; the message hints at the nearest name.
        """
        if name not in self:
            raise ValueError(f"unknown {self._what} {name!r}{nearest(name, self)}")
        return self[name]

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def _remove(self, name: str) -> None:
        del self._entries[name]


def add_together(*additions: tuple[Registry[Any], Named]) -> None:
    """Add each entry to its registry, or none to any of them.

    Raises:
        ValueError: a name is taken.
    """
    added: list[tuple[Registry[Any], Named]] = []
    try:
        for registry, entry in additions:
            registry.add(entry)
            added.append((registry, entry))
    except ValueError:
        for registry, entry in added:
            registry._remove(entry.name)
        raise
