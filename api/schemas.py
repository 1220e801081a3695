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


class CalibrationOut(Part):
    mm_per_s: float
    mm_per_mv: float
    source: Any = Field(description="What speed and gain rest on: pulse, printed, hint or assumed.")


class PatientOut(Part):
    age_y: float | None
    sex: Literal["female", "male"] | None
    source: str


class StLevel(Part):
    lead: str
    j_mv: float | None


class MeasurementsOut(Part):
    heart_rate_bpm: float | None
    pr_ms: float | None
    qrs_ms: float | None
    qt_ms: float | None
    axis_deg: float | None
    st: list[StLevel]


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

    schema_version: Any
    software: dict[str, Any]
    input: dict[str, Any] | None
    status: Literal["ok", "partial", "failed"]
    notes: list[NoteOut]
    layout: LayoutOut | None
    calibration: CalibrationOut | None
    quality: dict[str, Any] | None
    patient: PatientOut
    measurements: MeasurementsOut
    findings: list[FindingOut]
    classifier: dict[str, Any] | None = None
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
