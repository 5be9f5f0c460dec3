"""Where an address is, from a database made here."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from clickstream.clock import ManualClock
from clickstream.errors import ConfigurationError
from collector.enrichment.geo import Places
from tests.unit.collector.mmdb import write

BERLIN = {
    "country": {"iso_code": "DE"},
    "subdivisions": [{"iso_code": "BE"}],
    "city": {"names": {"de": "Berlin", "en": "Berlin"}},
}


def test_as_precise_as_the_database_is(tmp_path: Path) -> None:
    file = tmp_path / "city.mmdb"
    write(
        file,
        {
            "203.0.113.0/24": BERLIN,
            "198.51.100.0/25": {"country": {"iso_code": "US"}},
            "198.51.100.128/25": {"country": {"iso_code": "US"}, "subdivisions": [{"iso_code": "CA"}]},
            "192.0.2.0/24": {"continent": {"code": "EU"}},
        },
    )
    places = Places(file, ManualClock())
    found = [
        places.location(ip_address(each))
        for each in ("203.0.113.9", "198.51.100.1", "198.51.100.200", "192.0.2.1", "10.0.0.1", "2001:db8::1")
    ]
    assert found == ["DE-BE/Berlin", "US", "US-CA", None, None, None]


def test_a_new_file_is_used_and_a_broken_one_is_not(tmp_path: Path) -> None:
    file, clock = tmp_path / "city.mmdb", ManualClock()
    write(file, {"203.0.113.0/24": {"country": {"iso_code": "FR"}}})
    places = Places(file, clock)
    address = ip_address("203.0.113.9")
    write(file, {"203.0.113.0/24": BERLIN})
    assert places.location(address) == "FR"
    clock.advance(31)
    assert places.location(address) == "DE-BE/Berlin"
    file.write_bytes(b"broken")
    clock.advance(31)
    assert places.location(address) == "DE-BE/Berlin"


def test_no_database(tmp_path: Path) -> None:
    assert Places(None, ManualClock()).location(ip_address("203.0.113.9")) is None
    (tmp_path / "x").write_bytes(b"nothing")
    for wrong in (tmp_path / "x", tmp_path / "missing"):
        with pytest.raises(ConfigurationError, match="GEO_DATABASE"):
            Places(wrong, ManualClock())
