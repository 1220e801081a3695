"""Whether paper and file get the same answers: each page of known truth is judged as read and as printed.

The truth holds what was printed and nothing else, and both sides have the same patient, as the page names them. A
verdict that is undetermined on one side only is a difference too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analyze.measure import measure
from analyze.measurements import Measurements
from analyze.rhythm import name_rhythm
from analyze.rules.engine import evaluate_all
from analyze.rules.load import load_rules
from analyze.rules.words import Finding
from digitize.errors import PaperbeatError
from digitize.evaluate import find_pages
from digitize.formats import read_ecg
from digitize.record import Ecg, Patient

if TYPE_CHECKING:
    from digitize.stages import Digitization

ST_MV = 0.050
"""An ST level within this of the truth's is held to be the same."""


@dataclass(frozen=True)
class Difference:
    """A rule that answers otherwise on paper, with both answers in words."""

    page: str
    paper: Finding
    file: Finding

    @property
    def reversed(self) -> bool:
        """Met on one side and not met on the other."""
        return {self.paper.verdict, self.file.verdict} == {"met", "not_met"}


@dataclass(frozen=True)
class PageVerdicts:
    """One page.

    Attributes
    ----------
    page : str
        Name of the file, without its ending.
    code : str
        Code of the error that refused it, else empty; what follows is then empty.
    verdicts : tuple of str
        Codes of the rules that were asked.
    differences : tuple of Difference
    rhythm : tuple of str
        Codes of rhythm findings that one side alone has.
    st_error_mv : dict of str to float or None
        ST at J, paper minus file, by lead that the truth measures; None where paper does not.
    """

    page: str
    code: str = ""
    verdicts: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    rhythm: tuple[str, ...] = ()
    st_error_mv: Mapping[str, float | None] | None = None


@dataclass(frozen=True)
class VerdictBench:
    """Pages in the order of their names."""

    pages: tuple[PageVerdicts, ...]

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Of all pages."""
        return tuple(d for page in self.pages for d in page.differences)

    @property
    def asked(self) -> int:
        """Verdicts that were compared."""
        return sum(len(page.verdicts) for page in self.pages)

    @property
    def equal_share(self) -> float | None:
        """Part of the verdicts that are equal; None without any."""
        return 1.0 - len(self.differences) / self.asked if self.asked else None

    @property
    def st_share(self) -> float | None:
        """Part of the leads whose ST at J is within `ST_MV`, a lead that paper does not measure counted as not."""
        errors = [e for page in self.pages for e in (page.st_error_mv or {}).values()]
        return sum(e is not None and abs(e) <= ST_MV for e in errors) / len(errors) if errors else None

    def by_rule(self) -> list[tuple[str, int, int]]:
        """Rules with a difference: code, pages on which they differ, pages on which met is not met; worst first."""
        differ = Counter(d.file.code for d in self.differences)
        turned = Counter(d.file.code for d in self.differences if d.reversed)
        return sorted(((code, n, turned[code]) for code, n in differ.items()), key=lambda row: (-row[1], row[0]))


def bench_verdicts(
    folder: Path, read: Callable[[Path], Digitization], tell: Callable[[str], None] = lambda _: None
) -> VerdictBench:
    """Judge every page of a folder twice: as read, and from the truth as .csv beside it.

    Raises
    ------
    UsageError
        No folder, or no page in it has its truth beside it.
    """
    pages = []
    for path in find_pages(folder):
        try:
            page = read(path)
            truth = read_ecg(path.with_suffix(".csv"))
            row = compare_verdicts(path.stem, page.ecg, page.quality, truth, page.patient)
        except PaperbeatError as error:
            row = PageVerdicts(path.stem, error.code)
        pages.append(row)
        tell(f"{row.page}: {row.code or f'{len(row.differences)} of {len(row.verdicts)} verdicts differ'}")
    return VerdictBench(tuple(pages))


def compare_verdicts(name: str, paper: Ecg, quality: Mapping[str, float], truth: Ecg, patient: Patient) -> PageVerdicts:
    """Answer every rule on a reading and on its truth."""
    read, known = measure(paper, quality), measure(truth)
    (said, _), (due, _) = (evaluate_all(load_rules(), m, patient) for m in (read, known))
    ours, theirs = (_codes(name_rhythm(m)) for m in (read, known))
    return PageVerdicts(
        name,
        verdicts=tuple(f.code for f in due),
        differences=tuple(Difference(name, a, b) for a, b in zip(said, due, strict=True) if a.verdict != b.verdict),
        rhythm=tuple(sorted(ours ^ theirs)),
        st_error_mv=_st_errors(read, known),
    )


def _codes(findings: Iterable[Finding]) -> set[str]:
    return {f.code for f in findings}


def _st_errors(read: Measurements, known: Measurements) -> dict[str, float | None]:
    ours = {level.lead: level.j_mv for level in read.st}
    due = {level.lead: level.j_mv for level in known.st if level.j_mv is not None}
    return {lead: None if (mv := ours.get(lead)) is None else mv - j_mv for lead, j_mv in due.items()}
