"""Words of any language, error codes and names of machines become terms that others share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.signals.terms import LONGEST, MOST_TERMS, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ORA-00600", "ora-00600 ora 00600"),
        ("srv-db-12", "srv-db-12 srv db 12"),
        ("SRV-DB-12.", "srv-db-12 srv db 12"),
        ("mail01", "mail01 mail 01"),
        ("NullPointerException", "nullpointerexception null pointer exception"),
        ("HTTPError", "httperror http error"),
        ("java.lang.Error", "java.lang.error java lang error"),
        ("10.0.13.7", "10.0.13.7 10 13"),
        ("0x80070005", "0x80070005 0x 80070005"),
        ("C++ und C#", "c++ und c#"),
        ("a b c", ""),
        ("Störung im Büro", "storung im buro"),
        ("Straße", "strasse"),
        ("café déjà vu", "cafe deja vu"),
        ("Ошибка входа", "ошибка входа"),
        ("σφάλμα ΣΦΆΛΜΑ", "σφαλμα σφαλμα"),
        ("ｅｒｒｏｒ", "error"),
        ("网络故障", "网络 络故 故障"),
        ("VPN连接失败", "vpn连接失败 vpn 连接 接失 失败"),
        ("", ""),
        (" \n\t--- ... ", ""),
    ],
)
def test_a_text_becomes_terms(text: str, expected: str) -> None:
    assert expected.split() == terms(text)


def test_a_term_stands_there_as_often_as_it_was_said() -> None:
    assert ["disk", "full", "disk"] == terms("Disk full, disk!")


@given(st.text())
def test_any_text_has_terms_that_mean_the_same_in_capitals(text: str) -> None:
    found = terms(text)
    assert len(found) <= MOST_TERMS
    assert all(1 <= len(term) <= LONGEST for term in found)
    assert not any(term.isspace() for term in found)


@given(st.lists(st.sampled_from("printer Drucker réseau ошибка srv-db-12 ORA-00600".split())))
def test_capitals_and_punctuation_do_not_matter(words: list[str]) -> None:
    assert terms(" ".join(words)) == terms(" ... ".join(words).upper())


def test_a_dump_has_no_more_terms_than_the_limit() -> None:
    assert MOST_TERMS == len(terms("word " * 10_000))
    assert [] == terms("x" * 100_000)
