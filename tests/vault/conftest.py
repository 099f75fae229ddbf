"""Vaults on both stores, each opened as often as a test wants, as several processes would."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tocsin.settings import Settings
from tocsin.vault import Vault
from tocsin.vault.opening import Opened, opened, tables_of


@dataclass
class Place:
    """A place for one vault. Whatever is opened here is closed after the test."""

    settings: Settings
    vaults: list[Vault] = field(default_factory=list)

    def open(self, *, writer: bool = True) -> Vault:
        vault = Vault.open(self.settings, writer=writer)
        self.vaults.append(vault)
        return vault

    def crash(self, vault: Vault) -> None:
        """What a process leaves that notes nothing any more."""
        self.vaults.remove(vault)
        if vault._pool._thread is not None:
            vault._pool._thread.shutdown()
        vault.found.tables.close()

    def there(self) -> bool:
        """Whether something stands in the vault's place."""
        tables = tables_of(self.settings)
        if tables is None:
            return False
        with closing(tables):
            return tables.there()

    def behind(self) -> Opened:
        """What lies behind the vaults of this place."""
        found = opened(self.settings)
        assert found is not None
        return found


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Iterator[Place]:
    place = Place(Settings(home=tmp_path))
    yield place
    for vault in place.vaults:
        vault.close()


@pytest.fixture
def postgres_place(sqlite_place: Place, postgres_url: str) -> Place:
    sqlite_place.settings = replace(sqlite_place.settings, vault_database=postgres_url)
    return sqlite_place


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> Place:
    chosen: Place = request.getfixturevalue(f"{request.param}_place")
    return chosen
