"""The functions of templates, at their edges. docs/templates.md has an ordinary example of each, tested too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retour.model import SmsContent
from retour.rendering import Compiled, RenderTrouble, compile_sms

NOW = 1_769_851_800_123_456  # 2026-01-31T09:30:00.123456Z
DATA: dict[str, Any] = {
    "context": {
        "a": "A",
        "empty": "",
        "list": [3, "1", None, 2.5],
        "items": [{"n": 2, "s": "two"}, {"n": "10", "s": "ten"}, {"s": "none"}, "text"],
        "object": {"x y": 1},
        "deep": [{"in": [{"n": 1}, {"n": 2}]}, {"in": [{"n": 3}]}, {}],
        "locale": "xx_YY",
        "german": "de-DE",
        "zone": "Nowhere/Else",
        "regex": "(a+)+$",
        "date": "2024-02-29T23:30:00+02:00",
    }
}


def rendered(code: str, data: dict[str, Any] = DATA) -> str:
    made = compile_sms(SmsContent(text="{%= " + code + " %}"))
    assert isinstance(made, Compiled), made
    return made.render(data, now=NOW).text or ""


def problem(code: str) -> str:
    made = compile_sms(SmsContent(text="{%= " + code + " %}"))
    assert isinstance(made, tuple), code
    return made[0].message


# --- absent and odd values ---


@pytest.mark.parametrize(
    "code",
    [
        *("upperCase(context.no)", "trim(null)", "substr(context.no, 0, 2)", "join(context.no, ',')"),
        *("formatDate(context.no, 'y')", "formatDate(context.empty, 'y')", "addDays(context.no, 1)"),
        *(
            "formatNumber(context.no, 'en_US')",
            "roundUp(context.empty)",
            "head(context.no)",
            "max(context.no)",
        ),
        *(
            "average([])",
            "dateDiff(context.date, context.no)",
            "charCodeAt('a', 5)",
            "get(context.object, 'no')",
        ),
        *(
            "getUrlHost('no address')",
            "getUrlHost('http://[')",
            "extractEmailDomain('none')",
            "toDateTime('')",
        ),
        *("addDays('2024-01-01', context.no)", "stringToNumber('')"),
    ],
)
def test_what_is_absent_gives_nothing(code: str) -> None:
    assert rendered(code) == ""
    assert rendered(f"{code} ?: 'none'") == "none"


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("length(context.no)", "0"),
        ("length(context.list)", "4"),
        ("count(context.list)", "3"),
        ("count(context.no)", "0"),
        ("sum(context.list)", "6.5"),
        ("max(context.list)", "3"),
        ("substr('abc', 1)", "bc"),
        ("substr('abc', 0 - 5, 99)", "abc"),
        ("substr('abc', 2, 1)", ""),
        ("substr('é😀x', 1, 2)", "😀"),
        ("mask('ab', 5, 5)", "ab"),
        ("mask('ab', 0, 0)", "XX"),
        ("replace('abc', '', 'x')", "abc"),
        ("split('abc', '')", '["a","b","c"]'),
        ('titleCase("o\'neil van der BERG")', "O'neil Van Der BERG"),
        ("upperCase('straße')", "STRASSE"),
        ("upperCase(12.5)", "12.5"),
        ("contains('ABC', 'b', false)", "true"),
        ("contains('ABC', 'b', true)", "false"),
        ("contains('ABC', '')", "true"),
        ("indexOf('abc', 'x')", "-1"),
        ("lastIndexOf('abcabc', 'bc')", "4"),
        ("decode64('no base64!')", "no base64!"),
        ("like('abc', 'a%')", "true"),
        ("like('abc', '%c')", "true"),
        ("like('abc', 'a%b')", "false"),
        ("like('aab', 'a%ab')", "true"),
        ("like('ab', 'a%ab')", "false"),
        ("like('a.c', 'a_c')", "true"),
        ("like('abc', 'a.c')", "false"),
        ("like('abc', '%%')", "true"),
        ("isEmpty(context.object)", "false"),
        ("isEmpty([])", "true"),
        ("isEmpty(0)", "false"),
        ("appendQueryParams('https://a.b/c?x=1&y=2#f', 'x', '3 &')", "https://a.b/c?y=2&x=3+%26#f"),
        ("toInt('12.9')", "12"),
        ("toInt(true)", "1"),
        ("stringToNumber('twelve')", "twelve"),
        ("toBool('no')", "false"),
        ("toBool(2)", "true"),
        ("roundUp(-2.1)", "-2"),
        ("roundDown(-2.1)", "-3"),
        ("toPrecision(1234.5, 2)", "1200"),
        ("toPercentage(1.005)", "100.5%"),
        ("distinct(['a', 1, '1', 'a'])", '["a",1,"1"]'),
        ("in(1, ['1', 2])", "true"),
        ("notIn(null, [1])", "false"),
        ("keys(context.object)", '["x y"]'),
        ("join(topN(context.items, n, 2).s, ' ')", ""),
        ("sum(context.deep.in.n)", "6"),
        ("count(context.items.s)", "3"),
    ],
)
def test_the_edges_of_a_function(code: str, written: str) -> None:
    assert rendered(code) == written


def test_items_are_ranked_by_a_number_and_those_without_come_last() -> None:
    made = compile_sms(SmsContent(text="{{#each topN(context.items, 'n', 9)}}{{this.s}} {{/each}}"))
    assert isinstance(made, Compiled)
    assert made.render(DATA).text == "ten two none  "
    made = compile_sms(SmsContent(text="{{#each bottomN(context.items, n, 2)}}{{this.s}} {{/each}}"))
    assert isinstance(made, Compiled)
    assert made.render(DATA).text == "two ten "


# --- replaceAll ---


@pytest.mark.parametrize(
    ("what", "written"),
    [
        ("'[^a-zA-Z]'", "aBcXXaBc"),
        ("'[a-z]+'", "XBX1.XBX"),
        ("'\\\\d'", "aBcX.aBc"),
        ("'.'", "XXXXXXXX"),
        ("'.+'", "X"),
        ("'\\\\.'", "aBc1XaBc"),
        ("'aBc'", "X1.X"),
        ("'[.1]'", "aBcXXaBc"),
    ],
)
def test_replace_all_knows_texts_and_one_class(what: str, written: str) -> None:
    assert rendered(f"replaceAll('aBc1.aBc', {what}, 'X')") == written


@pytest.mark.parametrize(
    "what", ["(a+)+$", "a|b", "[a-z]*", "a.c", "[[a]]", "[z-a]", "a{2}", "^a", "[a&&b]", ""]
)
def test_replace_all_refuses_every_other_expression(what: str) -> None:
    assert problem(f"replaceAll(context.a, '{what}', '')").startswith(
        "Argument 2 of replaceAll has to be a text"
    )
    assert "stands in the template" in problem("replaceAll(context.a, context.regex, '')")


# --- numbers by locale ---


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("formatNumber(1234567.891, 'en_US')", "1,234,567.891"),
        ("formatNumber(1234.5, 'nl')", "1.234,5"),
        ("formatNumber(1234, 'es_ES')", "1234"),
        ("formatNumber(12345, 'es_ES')", "12.345"),
        ("formatNumber(-0.0001, 'en_US')", "0"),
        ("formatNumber(0.0005, 'en_US')", "0"),
        ("formatNumber('12', 'fr_FR')", "12"),
        ("formatCurrency(1234.5, 'en_US')", "$1,234.50"),
        ("formatCurrency(-1234.5, 'en_US')", "-$1,234.50"),
        ("formatCurrency(-1234.5, 'nl_NL')", "€\u00a0-1.234,50"),
        ("formatCurrency(1234.5, 'fr_FR')", "1\u202f234,50\u00a0€"),
        ("formatCurrency(1.005, 'de_DE')", "1,00\u00a0€"),
        ("formatCurrency(12, context.german)", "12,00\u00a0€"),
        ("formatCurrency(12, context.locale)", "$12.00"),
    ],
)
def test_numbers_are_written_as_a_locale_has_them(code: str, written: str) -> None:
    assert rendered(code) == written


# --- dates ---


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("MM/dd/yy", "02/29/24"),
        ("EEEE d MMMM y", "Thursday 29 February 2024"),
        ("EEE, MMM d", "Thu, Feb 29"),
        ("HH:mm:ss.SSS", "23:30:05.012"),
        ("h:mm a", "11:30 PM"),
        ("K k", "11 23"),
        ("D DDD", "60 060"),
        ("YYYY-'W'ww-e", "2024-W09-4"),
        ("QQQ q", "Q1 1"),
        ("'o''clock' ''", "o'clock '"),
        ("XXXXX X Z xx", "+02:00 +02 +0200 +0200"),
        ("MMMMM EEEEE", "F T"),
        ("z VV", "UTC+02:00 UTC+02:00"),
    ],
)
def test_a_date_is_written_by_a_pattern(pattern: str, written: str) -> None:
    quoted = '"' + pattern + '"'
    assert rendered(f"formatDate('2024-02-29T23:30:05.012+02:00', {quoted})") == written


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("formatDate('2024-12-30', 'YYYY yyyy')", "2025 2024"),
        ("formatDate('2024-01-01T00:05:00Z', 'h:mm a X')", "12:05 AM Z"),
        ("formatDate(context.date, 'EEEE', 'de_DE')", "Donnerstag"),
        ("formatDate(context.date, 'd MMM', context.locale)", "29 Feb"),
        ("formatDate(0, 'y')", "1970"),
        ("addMonths('2024-01-31', 1)", "2024-02-29T00:00Z"),
        ("addYears('2024-02-29', 1)", "2025-02-28T00:00Z"),
        ("addMonths('2024-01-31', 0 - 2)", "2023-11-30T00:00Z"),
        ("addDays(context.date, 1)", "2024-03-01T23:30+02:00"),
        ("toUTC(context.date)", "2024-02-29T21:30Z"),
        ("truncateToStartOfDay(context.date)", "2024-02-29T00:00+02:00"),
        (
            "convertZonedDateTime('2024-07-01T12:00:00Z', 'Europe/Amsterdam')",
            "2024-07-01T14:00+02:00[Europe/Amsterdam]",
        ),
        ("convertZonedDateTime('2024-07-01T12:00:00Z', '-05:30')", "2024-07-01T06:30-05:30"),
        ("dateDiff('2024-01-02', '2024-01-01')", "-1"),
        ("dateDiff('2024-01-01T12:00:00Z', '2024-01-02T11:59:00Z')", "0"),
        ("dateDiff('2024-01-02T11:59:00Z', '2024-01-01T12:00:00Z')", "0"),
        ("diffInMonths('2024-02-29', '2024-01-31')", "0"),
        ("diffInMonths('2024-01-01', '2024-03-01')", "-2"),
        ("diffInYears('2024-01-01', '2025-06-01')", "-1"),
        ("age('2006-02-01')", "19"),
        ("ageInDays('2026-02-10')", "-9"),
        ("stringToDate('31 January 2026 9:05', 'd MMMM yyyy H:mm')", "2026-01-31T09:05Z"),
        ("stringToDate('05/02/26', 'dd/MM/yy')", "2026-02-05T00:00Z"),
        ("stringToDate('2026-01-31 10:00 +0100', 'yyyy-MM-dd HH:mm X')", "2026-01-31T10:00+01:00"),
        ("getCurrentZonedDateTime()", "2026-01-31T09:30:00.123456Z"),
        ("stringToDate('2024-01-01') < getCurrentZonedDateTime()", "true"),
        ("stringToDate('2024-01-01T00:00:00Z') = toDateTime('2024-01-01T01:00:00+01:00')", "true"),
        ("dayOfWeek('2024-11-03')", "7"),
    ],
)
def test_dates_are_moved_measured_and_read(code: str, written: str) -> None:
    assert rendered(code) == written


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "formatDate(context.a, 'y')",
            "Argument 1 of formatDate in line 1 has to be a date, as in 2024-11-01T17:19:51Z.",
        ),
        (
            "convertZonedDateTime(context.date, context.zone)",
            "Argument 2 of convertZonedDateTime in line 1 has to be a time zone, as in Europe/Amsterdam.",
        ),
        (
            "stringToDate(context.a, 'yyyy')",
            "What stringToDate works on in line 1 has to be a date that is written as the pattern says.",
        ),
        ("setDays('2024-02-01', 31)", "What setDays works on in line 1 has to be within the calendar."),
        ("addDays('2024-01-01', 99999999)", "What addDays works on in line 1 has to be within the calendar."),
        ("toPrecision(1, 99)", "What toPrecision works on in line 1 has to be 1 to 15."),
        ("count(context.a)", "Argument 1 of count in line 1 has to be a list."),
        ("get(context.list, 'a')", "Argument 1 of get in line 1 has to be an object."),
        (
            "formatNumber(context.a, 'en_US')",
            "Argument 1 of formatNumber in line 1 has to be a number, as in 12 or 0.5.",
        ),
        ("contains('a', 'b', context.a)", "Argument 3 of contains in line 1 has to be true or false."),
    ],
)
def test_data_that_does_not_fit_is_named_trouble(code: str, message: str) -> None:
    with pytest.raises(RenderTrouble) as caught:
        rendered(code)
    assert str(caught.value) == message


@given(st.datetimes(min_value=datetime(2, 1, 2), max_value=datetime(9998, 12, 30)))
def test_a_date_that_is_written_is_read_again(moment: Any) -> None:
    pattern = '"yyyy-MM-dd HH:mm:ss.SSSSSS"'
    text = rendered(f"formatDate('{moment.isoformat()}', {pattern})")
    again = rendered(f"formatDate(stringToDate('{text}', {pattern}), {pattern})")
    assert again == text == moment.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0")


# --- when a campaign is published ---


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("uperCase(context.a)", "There is no function 'uperCase'. Did you mean upperCase?"),
        ("now()", "There is no function 'now'. Did you mean getCurrentZonedDateTime?"),
        ("zzz(1)", "There is no function 'zzz'."),
        (
            "matches(context.a, 'x')",
            "The function matches is not supported. Regular expressions can't be used here; "
            "contains, startsWith, endsWith and like can.",
        ),
        ("upperCase()", "upperCase takes 1 argument, as in upperCase(text) -> text, not 0."),
        ("upperCase('a', 'b')", "upperCase takes 1 argument, as in upperCase(text) -> text, not 2."),
        ("substr('a')", "substr takes 2 to 3 arguments, as in substr(text, whole, whole?) -> text, not 1."),
        ("addDays('tomorrow', 1)", "Argument 1 of addDays has to be a date, as in 2024-11-01T17:19:51Z."),
        ("addDays('2024-01-01', 'x')", "Argument 2 of addDays has to be a number, as in 12 or 0.5."),
        ("addDays(contains('a', 'b'), 1)", "Argument 1 of addDays has to be a date, not a flag."),
        ("upperCase([1])", "Argument 1 of upperCase has to be a text, not a list."),
        ("count('a')", "Argument 1 of count has to be a list."),
        (
            "formatDate(context.a, 'yyyy-bb')",
            "Argument 2 of formatDate has to be a date pattern; bb means nothing in one.",
        ),
        (
            'formatDate(context.a, "y \'open")',
            "Argument 2 of formatDate has to be a date pattern with a ' at both ends of each text in it.",
        ),
        (
            "formatDate(context.a, context.b)",
            "Argument 2 of formatDate has to be a pattern that stands in the template, in quotes.",
        ),
        (
            "formatDate(context.a, 'y', 'xx_YY')",
            "Argument 3 of formatDate has to be a known locale, as in en_US or nl_NL.",
        ),
        (
            "convertZonedDateTime(context.a, 'Mars')",
            "Argument 2 of convertZonedDateTime has to be a time zone, as in Europe/Amsterdam.",
        ),
        ("upperCase('a'", "A comma or a closing parenthesis is missing here."),
        ("[1 2]", "A comma or a closing bracket is missing here."),
        ("contains('a', 'b', 'maybe')", "Argument 3 of contains has to be true or false."),
    ],
)
def test_a_wrong_call_is_told_when_it_is_published(code: str, message: str) -> None:
    assert problem(code) == message
