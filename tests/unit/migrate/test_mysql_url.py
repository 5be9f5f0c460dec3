import pytest

from clickstream.config.mysql import MySqlAddress, parse_mysql_url
from clickstream.errors import ConfigurationError


def test_a_url_is_taken_apart() -> None:
    address = parse_mysql_url(" mysql://us%40er:p%2Fw@db.example:3307/shop ")
    assert address == MySqlAddress(host="db.example", port=3307, user="us@er", database="shop", password="p/w")


def test_what_is_left_out_has_a_default() -> None:
    address = parse_mysql_url("mysql://db/shop")
    assert (address.port, address.user, address.password) == (3306, "root", "")


def test_no_text_of_it_shows_the_password() -> None:
    address = parse_mysql_url("mysql://user:secret@db/shop")
    assert "secret" not in f"{address} {address!r}"


@pytest.mark.parametrize(
    "url", ["", "db", "postgres://u:secret@db/shop", "mysql://u:secret@db", "mysql://u:secret@db:x/shop", "mysql:///s"]
)
def test_what_is_no_such_url_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(ConfigurationError, match="CLICKSTREAM_MYSQL_URL") as caught:
        parse_mysql_url(url)
    assert "secret" not in str(caught.value)
