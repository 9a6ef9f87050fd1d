"""How months, days, numbers and amounts are written in the languages that templates can name.

Facts from the Unicode CLDR (`format` forms). A locale is a language and a territory: `nl_NL`.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """Of a language. Months from January, days from Monday; long and short."""

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]


class Place(NamedTuple):
    """Of a locale. amount: `n` is the number; debt: the same below zero. least: digits from which they are grouped."""

    language: str
    group: str
    point: str
    amount: str
    debt: str
    least: int = 4


def _words(*lists: str) -> Words:
    months, short_months, days, short_days = (tuple(names.split()) for names in lists)
    return Words(months, short_months, days, short_days)


LANGUAGES = {
    "en": _words(
        "January February March April May June July August September October November December",
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "Mon Tue Wed Thu Fri Sat Sun",
    ),
    "nl": _words(
        "januari februari maart april mei juni juli augustus september oktober november december",
        "jan feb mrt apr mei jun jul aug sep okt nov dec",
        "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
        "ma di wo do vr za zo",
    ),
    "de": _words(
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
        "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        "Mo. Di. Mi. Do. Fr. Sa. So.",
    ),
    "fr": _words(
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "lun. mar. mer. jeu. ven. sam. dim.",
    ),
    "es": _words(
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "ene feb mar abr may jun jul ago sept oct nov dic",
        "lunes martes miércoles jueves viernes sábado domingo",
        "lun mar mié jue vie sáb dom",
    ),
    "it": _words(
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "gen feb mar apr mag giu lug ago set ott nov dic",
        "lunedì martedì mercoledì giovedì venerdì sabato domenica",
        "lun mar mer gio ven sab dom",
    ),
    "pt": _words(
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez.",
        "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
        "seg. ter. qua. qui. sex. sáb. dom.",
    ),
    "sv": _words(
        "januari februari mars april maj juni juli augusti september oktober november december",
        "jan. feb. mars apr. maj juni juli aug. sep. okt. nov. dec.",
        "måndag tisdag onsdag torsdag fredag lördag söndag",
        "mån tis ons tors fre lör sön",
    ),
    "da": _words(
        "januar februar marts april maj juni juli august september oktober november december",
        "jan. feb. mar. apr. maj jun. jul. aug. sep. okt. nov. dec.",
        "mandag tirsdag onsdag torsdag fredag lørdag søndag",
        "man. tirs. ons. tors. fre. lør. søn.",
    ),
    "nb": _words(
        "januar februar mars april mai juni juli august september oktober november desember",
        "jan. feb. mars apr. mai juni juli aug. sep. okt. nov. des.",
        "mandag tirsdag onsdag torsdag fredag lørdag søndag",
        "man. tir. ons. tor. fre. lør. søn.",
    ),
    "fi": _words(
        "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta "
        "heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta",
        "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",
        "maanantaina tiistaina keskiviikkona torstaina perjantaina lauantaina sunnuntai",
        "ma ti ke to pe la su",
    ),
    "pl": _words(
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
        "sty lut mar kwi maj cze lip sie wrz paź lis gru",
        "poniedziałek wtorek środa czwartek piątek sobota niedziela",
        "pon. wt. śr. czw. pt. sob. niedz.",
    ),
}

_SPACE, _NARROW = "\u00a0", "\u202f"  # no-break, as the CLDR has them


def _euro_after(language: str, group: str, least: int = 4) -> Place:
    return Place(language, group, ",", f"n{_SPACE}€", f"-n{_SPACE}€", least)


LOCALES = {
    "en_US": Place("en", ",", ".", "$n", "-$n"),
    "en_GB": Place("en", ",", ".", "£n", "-£n"),
    "en_IE": Place("en", ",", ".", "€n", "-€n"),
    "nl_NL": Place("nl", ".", ",", f"€{_SPACE}n", f"€{_SPACE}-n"),
    "nl_BE": Place("nl", ".", ",", f"€{_SPACE}n", f"€{_SPACE}-n"),
    "de_DE": _euro_after("de", "."),
    "fr_FR": _euro_after("fr", _NARROW),
    "fr_BE": _euro_after("fr", _NARROW),
    "es_ES": _euro_after("es", ".", 5),
    "it_IT": _euro_after("it", "."),
    "pt_PT": _euro_after("pt", _SPACE, 5),
    "pt_BR": Place("pt", ".", ",", f"R${_SPACE}n", f"-R${_SPACE}n"),
    "sv_SE": Place("sv", _SPACE, ",", f"n{_SPACE}kr", f"-n{_SPACE}kr"),
    "da_DK": Place("da", ".", ",", f"n{_SPACE}kr.", f"-n{_SPACE}kr."),
    "nb_NO": Place("nb", _SPACE, ",", f"n{_SPACE}kr", f"-n{_SPACE}kr"),
    "fi_FI": _euro_after("fi", _SPACE),
    "pl_PL": Place("pl", _SPACE, ",", f"n{_SPACE}zł", f"-n{_SPACE}zł", 5),
}
DEFAULT = LOCALES["en_US"]
ALONE = {place.language: place for place in reversed(LOCALES.values())}  # a language without a territory


def locale_of(name: str) -> Place | None:
    """Of `nl_NL`, `nl-NL` or `nl`; None for one that is not known."""
    return LOCALES.get(name.replace("-", "_")) or ALONE.get(name)
