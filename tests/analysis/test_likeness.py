"""Incidents alike: found by what they say, by an index that is kept and goes on from there."""

from pathlib import Path

import pytest

from tests.analysis import kit
from tests.whatif.kit import record, stream_of, writing
from tocsin.analysis import likeness
from tocsin.analysis.likeness import UnknownIncident, said, similar
from tocsin.lake import open_lake
from tocsin.settings import Settings

NEW = "INC0009999"


def test_what_says_the_same_comes_first(analysed: Settings) -> None:
    with open_lake(settings=analysed) as lake:
        position, matches = similar(lake, str(stream_of(kit.LAST)), 5)
    assert position == 4 * kit.INCIDENTS
    assert len(matches) == 5
    assert kit.LAST not in {match.reference for match in matches}
    assert all(match.title.startswith("VPN tunnel") for match in matches)
    told = said(matches[0])
    assert told["same_category"] is True
    assert {"vpn", "gateway"} <= {each["term"] for each in told["terms"]}


def test_an_index_that_is_kept_goes_on_with_what_is_new(
    analysed: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ranks as one that is built from everything, and reads only what was added."""
    settings = kit.copied(analysed, tmp_path / "home")
    with open_lake(settings=settings) as lake:
        similar(lake, str(stream_of(kit.LAST)), 1)
    with writing(settings) as log:
        record(log, stream_of(NEW), kit.story(7, kit.FLOOD, "storage"))
    kit.write_lake(settings)
    read: list[object] = []
    whole = likeness.texts

    def counted(lake, log, ids):  # type: ignore[no-untyped-def]
        read.append(ids)
        return whole(lake, log, ids)

    monkeypatch.setattr(likeness, "texts", counted)
    with open_lake(settings=settings) as lake:
        continued = similar(lake, str(stream_of(NEW)), 8)
        assert read == [[str(stream_of(NEW))], [str(stream_of(NEW))]]
        likeness._file(lake).unlink()
        assert similar(lake, str(stream_of(NEW)), 8) == continued
        assert read[-1] is None


def test_an_incident_that_the_lake_does_not_have_yet_is_said_to_be_missing(
    analysed: Settings,
) -> None:
    with open_lake(settings=analysed) as lake, pytest.raises(UnknownIncident, match="or not yet"):
        similar(lake, str(stream_of("INC7777777")), 5)


def test_a_damaged_index_is_built_anew(analysed: Settings, tmp_path: Path) -> None:
    settings = kit.copied(analysed, tmp_path / "home")
    with open_lake(settings=settings) as lake:
        first = similar(lake, str(stream_of(kit.LAST)), 3)
        file = likeness._file(lake)
        file.write_bytes(file.read_bytes()[:100])
        assert similar(lake, str(stream_of(kit.LAST)), 3) == first
