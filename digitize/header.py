"""What the print around the traces says: patient's age and sex, paper speed, gain, filter, heart rate.

Patterns are tolerant of what text engines do to small print (O for 0, l for 1, "mrn" for "mm") and of the ways in
which machines write the same thing; a value that is not plausible is no fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from digitize.record import Sex
from digitize.stages import Word

SPEEDS_MM_PER_S = (5.0, 6.25, 10.0, 12.5, 25.0, 50.0, 100.0)
GAINS_MM_PER_MV = (2.5, 5.0, 10.0, 20.0)
RATES_BPM = (15.0, 350.0)
LIKELY, SURE = 0.3, 0.5
"""Words read with less confidence than the first count for two gains in one word alone, which no misreading makes; age
and sex decide thresholds: words read with less than the second do not count for them."""


@dataclass(frozen=True)
class HeaderFacts:
    """Facts read from the header and footer; None where the page does not say, or says two different things.

    Attributes
    ----------
    age_y : float, optional
        10 to 120 years; a lone digit is too often half of a number, or an age that was not entered.
    sex : {"female", "male"}, optional
    mm_per_s : float, optional
        Paper speed.
    mm_per_mv : float, optional
        Gain of the limb leads, or of all leads.
    chest_mm_per_mv : float, optional
        Gain of the chest leads; None when it is not printed apart from that of the limb leads.
    other_gains : tuple of float, optional
        Two or more gains that are printed without a word on whose they are.
    heart_rate_bpm : float, optional
    filter_hz : (float, float), optional
        Lower and upper edge of the band.
    """

    age_y: float | None = None
    sex: Sex | None = None
    mm_per_s: float | None = None
    mm_per_mv: float | None = None
    chest_mm_per_mv: float | None = None
    other_gains: tuple[float, ...] | None = None
    heart_rate_bpm: float | None = None
    filter_hz: tuple[float, float] | None = None


_DIGITS = r"([0-9OolI|SB]{1,3}(?:[.,][0-9OolI]{1,2})?)"
_MM = r"(?:m\s?m|rnm|mrn|rnrn|nm|inm|mni|m\W?m)"
_SPEED = re.compile(rf"(?<![0-9.,]){_DIGITS}\s*{_MM}\s*[/71lIi|]\s*(?:s|sec|seg|Sek|S|5)(?![A-Za-z/])")
_PER_MV = rf"\s*{_MM}\s*[/71lIi|]\s*(?:m\s?[¥Y]?[VvuU\\]V?|rn[Vv]|nV)(?![A-Za-z])"
_GAIN = re.compile(rf"(?<![0-9.,])(?<![0-9OoS]/){_DIGITS}{_PER_MV}")
_GAIN_PAIR = re.compile(  # limb / chest; the stroke between them is read as a one easily
    rf"(?<![0-9.,/])(20|[1Il][0Oo]|[5S])(?:[.,][0Oo])?\s*[/|\\lI1]\s*(20|[1Il][0Oo]|[5S]|2[.,][5S])(?:[.,][0Oo])?{_PER_MV}"
)
_CHEST = re.compile(r"(?:chest|precord\w*|thorax|brust\w*|(?<![a-z])(?:V|C))[.\s]*(?:leads?)?\s*[:=]?\s*$", re.I)
_LIMB = re.compile(r"(?:limb|extrem\w*|extr|std|(?<![a-z])L)[.\s]*(?:leads?)?\s*[:=]?\s*$", re.I)
_AGE_WORD = r"(?:age|alter|edad|[âa]ge|et[aà]|idade|leeftijd)"
_YEARS = r"(?:y(?:ea)?rs?(?:[\s-]*old)?|years?|y\.?o\.?|y|jahre?|j|a[ñn]os|ans|anni|anos|jaar)"
_AGE = (
    re.compile(
        rf"\b{_AGE_WORD}\s*[:;.=]?\s*([0-9OolI]{{1,3}})(?![0-9/.\-])\b(?!\s*(?:month|week|day|mo\b|m\b|d\b))", re.I
    ),
    re.compile(rf"(?<![\w./:-])([0-9OolI]{{1,3}})\s*-?{_YEARS}(?![A-Za-z])(?!\s*(?:ago|later|apart))", re.I),
)
_SEX_WORD = r"(?:sex|gender|geschlecht|sexo|sexe|sesso|geslacht)"
_MALE = r"male|m[äa]nnlich|hombre|masculino|masculin|homme|maschio|man"
_FEMALE = r"female|weiblich|mujer|femenino|f[ée]minin|femme|femmina|vrouw"
_SEX_LABELLED = re.compile(rf"\b{_SEX_WORD}\s*[:;.=]?\s*({_FEMALE}|{_MALE}|[MFWH])\b", re.I)
_SEX_ALONE = re.compile(
    r"(?<![\w-])(female|male|weiblich|männlich|maennlich|masculino|femenino|féminin|masculin)(?![\w-])", re.I
)
_AGE_SEX = re.compile(rf"(?<![\w./:-])([0-9OolI]{{1,3}})\s*-?{_YEARS}\s*[,;/]?\s*([MFW])\b", re.I)
_RATE = (
    re.compile(r"\b(?:vent\.?\s*rate|heart\s*rate|ventricular\s*rate|HR|hf|fc)\b\s*[:;.=]?\s*([0-9OolI]{2,3})\b", re.I),
    re.compile(r"(?<![\w./:-])([0-9]{2,3})\s*(?:bpm|/min)\b", re.I),
    re.compile(r"[♥❤¥]\s*([0-9]{2,3})\b"),
    re.compile(rf"{_MM}/m[¥Y]?V[^¶]{{0,24}}\s[W#]([0-9]{{2,3}})\b"),  # Tesseract's idea of a heart
)
_FILTER = re.compile(r"(?<![\w.])(0[.,][0-9]{1,2})\s*(?:Hz)?\s*[-~–—=]\s*([0-9]{2,3})\s*Hz", re.I)
_CONFUSED = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1", "|": "1", "S": "5", "B": "8", ",": "."})


def parse_header(words: Iterable[Word]) -> HeaderFacts:
    """Collect the facts that a page's print states.

    Parameters
    ----------
    words : iterable of Word
        In any order; joined to lines by their boxes.

    Returns
    -------
    HeaderFacts
        A fact stated twice with different values is left out, but for the gain, where a second value is that of the
        chest leads when the print says so.
    """
    read = tuple(words)
    everything = _join_lines(read)
    text, certain = (
        _join_lines(tuple(w if w.confidence >= least else replace(w, text="¤") for w in read))
        for least in (LIKELY, SURE)
    )
    text = re.sub(r"\b(AC|F)\s?(50|60)(?=\d)", r"\1\2 ", text)  # the mains filter, run into what follows
    limb, chest, other_gains = _find_gains(text, everything)
    band = _FILTER.search(text)
    low, high = (float(edge.replace(",", ".")) for edge in band.groups()) if band else (0.0, 0.0)
    return HeaderFacts(
        age_y=_agree(v for v in _numbers(_AGE, certain) if 10 <= v <= 120),  # a lone digit: half an age, or unset
        sex=_find_sex(certain),
        mm_per_s=_agree(v for v in _numbers((_SPEED,), text) if v in SPEEDS_MM_PER_S),
        mm_per_mv=limb,
        chest_mm_per_mv=chest,
        other_gains=other_gains,
        heart_rate_bpm=_agree(v for v in _numbers(_RATE, text) if RATES_BPM[0] <= v <= RATES_BPM[1]),
        filter_hz=(low, high) if band and low < high else None,
    )


def _join_lines(words: tuple[Word, ...]) -> str:
    """Words that stand side by side at one height, in reading order; a gap wider than 4 heights parts them.

    Lines are parted by a mark that no pattern reaches across.
    """
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (w.box_mm[0], w.box_mm[1])):
        left, top, _, bottom = word.box_mm
        middle, height = (top + bottom) / 2, max(bottom - top, 0.5)
        for line in lines:
            _, last_top, last_right, last_bottom = line[-1].box_mm
            level = abs((last_top + last_bottom) / 2 - middle) < 0.5 * max(height, last_bottom - last_top)
            if level and -height < left - last_right < 4 * height:
                line.append(word)
                break
        else:
            lines.append([word])
    lines.sort(key=lambda line: (round(line[0].box_mm[1]), line[0].box_mm[0]))
    return " ¶ ".join(" ".join(word.text for word in line) for line in lines)


def _numbers(patterns: tuple[re.Pattern[str], ...], text: str) -> list[float]:
    """The first group of every match, read as a number; what is none even after mending is left out."""
    found = []
    for pattern in patterns:
        for match in pattern.finditer(text):
            digits = match.group(1)
            if any(c.isdigit() for c in digits):
                found.append(float(digits.translate(_CONFUSED)))
    return found


def _agree(values: Iterable[float]) -> float | None:
    """The value, when there is just one."""
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else None


def _find_gains(text: str, everything: str) -> tuple[float | None, float | None, tuple[float, ...] | None]:
    """Gain of the limb (or all) leads, that of the chest leads where it is printed apart, and several that are neither.

    ``10/5 mm/mV`` is that of limb and chest leads; else words before a gain say whose it is.
    """
    found: dict[str, set[float]] = {"limb": set(), "chest": set(), "": set()}
    for match in _GAIN_PAIR.finditer(everything):
        if any(c.isdigit() for c in match.group(1) + match.group(2)):
            for whose, digits in zip(("limb", "chest"), match.groups(), strict=True):
                found[whose].add(float(digits.translate(_CONFUSED)))
    for match in _GAIN.finditer(text):
        digits, before = match.group(1), text[max(0, match.start() - 16) : match.start()]
        if any(c.isdigit() for c in digits) and (gain := float(digits.translate(_CONFUSED))) in GAINS_MM_PER_MV:
            found["chest" if _CHEST.search(before) else "limb" if _LIMB.search(before) else ""].add(gain)
    unplaced = found[""] - (found["limb"] | found["chest"])
    limb, chest = _agree(found["limb"] or unplaced), _agree(found["chest"])
    disputed = found["limb"] | unplaced
    return limb, chest, tuple(sorted(disputed)) if len(disputed) > 1 else None


def _find_sex(text: str) -> Sex | None:
    """Sex as labelled, else after an age, else as a word that stands alone."""
    for pattern, group in ((_SEX_LABELLED, 1), (_AGE_SEX, 2), (_SEX_ALONE, 1)):
        found: set[Sex] = set()
        for match in pattern.finditer(text):
            word = match.group(group).lower()
            female = word in {"f", "w"} or re.fullmatch(_FEMALE, word, re.I) is not None
            found.add("female" if female else "male")
        if found:
            return found.pop() if len(found) == 1 else None
    return None
