"""The shapes of what the server says, for its OpenAPI document and for those who program against report.json."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SignalFormat = Literal["csv", "wfdb", "dcm", "xml", "edf", "npz", "json"]
Verdict = Literal["met", "not_met", "undetermined"]


class Part(BaseModel):
    """Fields may be added within a schema version; none is taken away or changes its meaning."""

    model_config = ConfigDict(extra="allow")


class NoteOut(Part):
    code: str
    severity: Literal["info", "warning", "error"]
    message: str
    hint: str


class LayoutOut(Part):
    name: str
    source: str
    confidence: float


class CalibrationSource(Part):
    """What speed and gain rest on: ``pulse``, ``printed``, ``hint`` or ``assumed``."""

    mm_per_s: str
    mm_per_mv: str
    chest_mm_per_mv: str


class CalibrationOut(Part):
    mm_per_s: float
    mm_per_mv: float = Field(description="Of the limb leads, and of all where the chest leads have no other.")
    chest_mm_per_mv: float
    source: CalibrationSource


class QualityOut(Part):
    """0 to 1, over all printed leads and for each."""

    overall: float | None
    leads: dict[str, float | None]


class SoftwareOut(Part):
    version: str
    weights: dict[str, str] = Field(description="SHA-256 of every network that had a part in it.")


class InputOut(Part):
    sha256: str
    page: int
    size_px: tuple[int, int] = Field(description="Width and height.")


class PatientOut(Part):
    age_y: float | None
    sex: Literal["female", "male"] | None
    source: str


class StLevelOut(Part):
    lead: str
    j_mv: float | None
    j20_mv: float | None
    j40_mv: float | None
    j60_mv: float | None
    j80_mv: float | None
    baseline: str


class MeasurementsOut(Part):
    heart_rate_bpm: float | None
    pr_ms: float | None
    qrs_ms: float | None
    qt_ms: float | None
    qtc_bazett_ms: float | None
    qtc_fridericia_ms: float | None
    qtc_framingham_ms: float | None
    qtc_hodges_ms: float | None
    axis_deg: float | None
    st: list[StLevelOut]


class EvidenceOut(Part):
    lead: str
    value_mv: float | None
    threshold_mv: float | None


class FindingOut(Part):
    code: str
    verdict: Verdict
    statement: str
    evidence: list[EvidenceOut]


class ReportOut(Part):
    """report.json. null means not known; it never stands for 0."""

    schema_version: str
    software: SoftwareOut
    input: InputOut | None = Field(description="null for a digital record, as are layout and calibration.")
    status: Literal["ok", "partial", "failed"]
    notes: list[NoteOut]
    layout: LayoutOut | None
    calibration: CalibrationOut | None
    quality: QualityOut
    patient: PatientOut
    measurements: MeasurementsOut
    findings: list[FindingOut]
    classifier: dict[str, Any] | None
    beat_classes: dict[str, Any] | None
    disclaimer: str


class EcgResource(ReportOut):
    """A page that was read: its report, its id, and where its files are."""

    id: str
    links: dict[str, str]


class Problem(BaseModel):
    """RFC 9457. `code` is stable and the same as on the command line."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    incident: str | None = None
    fields: list[dict[str, str]] | None = None


class Health(BaseModel):
    status: Literal["ok"]


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {"application/problem+json": {"schema": Problem.model_json_schema()}}}
    for status, text in {
        400: "The request itself is wrong.",
        404: "No such ECG, or none any more.",
        413: "More bytes than are taken.",
        415: "No picture known here.",
        422: "The page cannot be read as an ECG; `code` and `hint` say why and what helps.",
        500: "A defect; `incident` names the line in the server's log.",
        503: "Busy; see Retry-After.",
        504: "Reading the page took too long.",
    }.items()
}
