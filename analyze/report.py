"""A report: what was read, what was measured, what the rules say, and what a reader must know before trusting it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from analyze.beatcount import BeatCount, count_beats
from analyze.beats import find_beats
from analyze.classify import Opinion, form_opinion
from analyze.explain import Explanation
from analyze.judge import find_all
from analyze.marked import MarkedColumn, mark_columns, pick_homes
from analyze.measure import measure
from analyze.measurements import Measurements
from analyze.rules.words import Finding
from digitize.networks import read_card
from digitize.record import Ecg, Note, Patient

if TYPE_CHECKING:
    from digitize.stages import Calibration, Digitization, Layout, Status

SCHEMA_VERSION = "1.5"

DISCLAIMER = (
    "Research use. Not a medical device, not for diagnosis: a clinician must over-read the ECG and this report."
)

PAGE_NETWORKS: tuple[str, ...] = ("labels", "pen")
"""Networks that every reading of a page uses, by the names of their cards in ``digitize/weights``."""


@dataclass(frozen=True)
class Source:
    """The picture a report rests on: SHA-256 of its file, page from 1, width and height in pixels."""

    sha256: str
    page: int
    size_px: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Report:
    """Everything said of one ECG.

    Attributes
    ----------
    ecg : Ecg
    patient : Patient
    measurements : Measurements
    findings : tuple of Finding
        The most urgent first.
    notes : tuple of Note
        What was assumed, doubted or not read.
    status : {"ok", "partial", "failed"}
    source, layout, calibration : optional
        What the page was and how it was read; None for a digital record.
    quality : dict of str to float
        0 to 1 for each lead read from paper.
    overall_quality : float, optional
    homes : dict of str to MarkedColumn
        The representative beat of each lead that shows one.
    opinion : Opinion, optional
        What the classifier says.
    beat_count : BeatCount, optional
        Beats of the rhythm strip by class.
    explanation : Explanation, optional
        What spoke for one of its labels, where it was asked for.
    """

    ecg: Ecg
    patient: Patient
    measurements: Measurements
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...] = ()
    status: Status = "ok"
    source: Source | None = None
    layout: Layout | None = None
    calibration: Calibration | None = None
    quality: dict[str, float] = field(default_factory=dict)
    overall_quality: float | None = None
    homes: dict[str, MarkedColumn] = field(default_factory=dict)
    opinion: Opinion | None = None
    beat_count: BeatCount | None = None
    explanation: Explanation | None = None


def analyze(ecg: Ecg, patient: Patient | None = None, page: Digitization | None = None) -> Report:
    """Measure an ECG and judge it by every rule.

    Parameters
    ----------
    ecg : Ecg
        A whole record, or what a sheet shows (NaN elsewhere).
    patient : Patient, optional
        Age and sex; what the page says of them, if anything, when left out.
    page : Digitization, optional
        The page the ECG was read from.

    Returns
    -------
    Report
    """
    if patient is None:
        patient = Patient() if page is None else page.patient
    beats = find_beats(ecg)
    marked = mark_columns(ecg, beats)
    measurements = measure(ecg, None if page is None else page.quality, beats, marked)
    findings = find_all(measurements, patient)
    opinion, homes = _heed_rules(form_opinion(marked, measurements), findings), pick_homes(marked)
    count = count_beats(ecg, beats, measurements)
    notes = _note(ecg, patient, measurements)
    if page is None:
        status: Status = "ok" if all(ecg.printed.values()) and measurements.beats else "partial"
        return Report(
            ecg, patient, measurements, findings, notes, status, homes=homes, opinion=opinion, beat_count=count
        )
    height, width = page.photo.rgb.shape[:2]
    return Report(
        ecg=ecg,
        patient=patient,
        measurements=measurements,
        findings=findings,
        notes=(*page.notes, *_note_assumed(page), *notes),
        status=page.status if measurements.beats else "partial",
        source=Source(page.photo.sha256, page.photo.page, (int(width), int(height))),
        layout=page.layout,
        calibration=page.calibration,
        quality=dict(page.quality),
        overall_quality=page.overall_quality,
        homes=homes,
        opinion=opinion,
        beat_count=count,
    )


def _heed_rules(opinion: Opinion, findings: tuple[Finding, ...]) -> Opinion:
    """The classifier's opinion, unsure also where a rule finds that leads are not what they are called."""
    suspected = [f.title for f in findings if f.code.startswith("leads.") and f.verdict == "met"]
    if opinion.unsure or not suspected:
        return opinion
    return replace(opinion, unsure=f"a rule asks: {'; '.join(suspected)}")


def _note_assumed(page: Digitization) -> list[Note]:
    """Speed and gain that rest on nothing that was read, unless the page's own notes say so already."""
    c = page.calibration
    assumed = []
    if c.speed_source == "assumed":
        message = f"The paper speed is assumed to be {c.mm_per_s:g} mm/s: rate and intervals rest on it."
        assumed.append(Note("speed_assumed", "warning", message, "Give the speed if you know it."))
    if c.gain_source == "assumed":
        message = f"The gain is assumed to be {c.mm_per_mv:g} mm/mV: every amplitude and finding rests on it."
        assumed.append(Note("gain_assumed", "warning", message, "Give the gain if you know it."))
    said = {note.code for note in page.notes}
    return [note for note in assumed if note.code not in said]


def _note(ecg: Ecg, patient: Patient, m: Measurements) -> tuple[Note, ...]:
    """What the analysis itself could not see or had to leave open."""
    notes = []
    if not m.beats:
        notes.append(
            Note("no_beats", "error", "No QRS complexes were found.", "Check the overlay: is the trace followed?")
        )
    elif m.beats < 3:
        notes.append(
            Note("few_beats", "warning", f"Only {m.beats} QRS complexes are seen; rate and intervals rest on them.")
        )
    unseen = [lead for lead, held in ecg.printed.items() if not held]
    if unseen:
        notes.append(Note("leads_missing", "warning", f"No signal in {', '.join(unseen)}."))
    unmeasured = [st.lead for st in m.st if st.j_mv is None and st.lead not in unseen]
    if unmeasured and m.beats:
        notes.append(Note("st_not_measured", "warning", f"No whole beat to measure ST on in {', '.join(unmeasured)}."))
    unknown = [name for name, value in (("age", patient.age_y), ("sex", patient.sex)) if value is None]
    if unknown:
        what = " and ".join(unknown)
        notes.append(
            Note("patient_unknown", "info", f"Unknown {what}; rules that depend on it say so.", f"Give the {what}.")
        )
    if m.ectopic_beats:
        plural = "beat" if m.ectopic_beats == 1 else "beats"
        message = f"{m.ectopic_beats} {plural} of unusual shape left out of intervals and ST levels."
        notes.append(Note("ectopic_beats", "info", message))
    return tuple(notes)


def software_version() -> str:
    """Version of the installed package."""
    try:
        return version("paperbeat")
    except PackageNotFoundError:
        return "0+unknown"


def to_json(report: Report) -> dict[str, Any]:
    """The report as ``report.schema.json`` has it: null, never 0 or NaN, for what is not known."""
    m = asdict(report.measurements)
    used = [("digitize", name) for name in PAGE_NETWORKS if report.source]
    used += [("analyze", "diagnosis")] if report.opinion is not None else []
    used += [("analyze", "beats")] if report.beat_count is not None else []
    weights = {name: read_card(package, name)["sha256"] for package, name in used}
    document = {
        "schema_version": SCHEMA_VERSION,
        "software": {"version": software_version(), "weights": weights},
        "input": None if report.source is None else asdict(report.source),
        "status": report.status,
        "notes": [asdict(note) for note in report.notes],
        "layout": _layout(report.layout),
        "calibration": _calibration(report.calibration),
        "quality": {"overall": report.overall_quality, "leads": report.quality},
        "patient": asdict(report.patient),
        "measurements": m,
        "findings": [asdict(finding) for finding in report.findings],
        "classifier": _classifier(report),
        "beat_classes": None if report.beat_count is None else asdict(report.beat_count),
        "disclaimer": DISCLAIMER,
    }
    plain: dict[str, Any] = _plain(document)
    return plain


def _classifier(report: Report) -> dict[str, Any] | None:
    if report.opinion is None:
        return None
    return {**asdict(report.opinion), "explanation": asdict(report.explanation) if report.explanation else None}


def _layout(layout: Layout | None) -> dict[str, Any] | None:
    if layout is None:
        return None
    return {"name": layout.name, "source": layout.source, "confidence": layout.confidence}


def _calibration(calibration: Calibration | None) -> dict[str, Any] | None:
    if calibration is None:
        return None
    c = calibration
    return {
        "mm_per_s": c.mm_per_s,
        "mm_per_mv": c.mm_per_mv,
        "chest_mm_per_mv": c.gain_of("V1"),
        "source": {
            "mm_per_s": c.speed_source,
            "mm_per_mv": c.gain_source,
            "chest_mm_per_mv": c.chest_source or c.gain_source,
        },
    }


def _plain(value: Any) -> Any:
    """Numbers of numpy as Python's own, tuples as lists, what is not finite as None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
