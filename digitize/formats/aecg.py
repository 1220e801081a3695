"""HL7 V3 annotated ECG (ANSI/HL7 V3 ECG R1), the form that regulators collect.

Its sequences have no way to leave a sample out, but a series may hold many sequence sets, each with its own time. So
every stretch over which the same leads are printed becomes one set: a 3x4 sheet is four. A lead that is nowhere printed
stands in the first set without a value (``nullFlavor="NI"``), and the series' effective time tells the whole length.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from digitize.errors import FileTooLarge, UnreadableFile, UsageError
from digitize.formats.leads import name_leads
from digitize.formats.microvolts import mv_per
from digitize.record import LEADS, Ecg

_NS = "urn:hl7-org:v3"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE, _MDC, _ACT = f"{{{_XSI}}}type", "2.16.840.1.113883.6.24", "2.16.840.1.113883.5.4"
_PREFIX = "MDC_ECG_LEAD_"
_UV = 0.1
"""One step of what is written, in µV."""

_MAX_SAMPLES = 10**8


def encode(ecg: Ecg) -> bytes:
    """An aECG document at 0.1 µV, without subject or date.

    Raises
    ------
    UsageError
        There is no sample, or a lead name holds a space.
    """
    if not ecg.leads or not ecg.signal_mv.shape[0] or any(re.search(r"\s", lead) for lead in ecg.leads):
        raise UsageError("There is no sample to write, or a lead name holds a space.", "Write .csv or .npz.")
    root = ET.Element("AnnotatedECG", {"xmlns": _NS, "xmlns:xsi": _XSI, "classCode": "OBS"})
    _code(root, "93000", "2.16.840.1.113883.6.12")  # CPT-4: electrocardiogram
    series = ET.SubElement(ET.SubElement(root, "component"), "series", {"classCode": "OBSSER"})
    _code(series, "RHYTHM", _ACT)
    when = ET.SubElement(series, "effectiveTime")
    ET.SubElement(when, "low", {"nullFlavor": "UNK"})
    ET.SubElement(when, "width", {"value": repr(ecg.duration_s), "unit": "s"})
    held = np.isfinite(ecg.signal_mv)
    nowhere = [not bool(held[:, column].any()) for column in range(len(ecg.leads))]
    stretches = [(begin, end) for begin, end in _stretches(held) if held[begin, :].any()] or [(0, held.shape[0])]
    for number, (begin, end) in enumerate(stretches):
        printed: list[bool] = held[begin, :].tolist()
        sequence_set = ET.SubElement(ET.SubElement(series, "component"), "sequenceSet", {"classCode": "OBSCOR"})
        sequence = _sequence(sequence_set, "TIME_RELATIVE", _ACT)
        time = ET.SubElement(sequence, "value", {"xsi:type": "GLIST_PQ"})
        ET.SubElement(time, "head", {"value": repr(begin / ecg.fs_hz), "unit": "s"})
        ET.SubElement(time, "increment", {"value": repr(1 / ecg.fs_hz), "unit": "s"})
        for column, lead in enumerate(ecg.leads):
            if printed[column]:
                _add_lead(sequence_set, lead, ecg.signal_mv[begin:end, column])
            elif nowhere[column] and number == 0:
                sequence = _sequence(sequence_set, _PREFIX + lead, _MDC)
                ET.SubElement(sequence, "value", {"xsi:type": "SLIST_PQ", "nullFlavor": "NI"})
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def _code(parent: ET.Element, code: str, system: str) -> None:
    ET.SubElement(parent, "code", {"code": code, "codeSystem": system})


def _sequence(sequence_set: ET.Element, code: str, system: str) -> ET.Element:
    sequence = ET.SubElement(ET.SubElement(sequence_set, "component"), "sequence", {"classCode": "OBS"})
    _code(sequence, code, system)
    return sequence


def _add_lead(sequence_set: ET.Element, lead: str, signal_mv: NDArray[np.float64]) -> None:
    value = ET.SubElement(_sequence(sequence_set, _PREFIX + lead, _MDC), "value", {"xsi:type": "SLIST_PQ"})
    ET.SubElement(value, "origin", {"value": "0", "unit": "uV"})
    ET.SubElement(value, "scale", {"value": repr(_UV), "unit": "uV"})
    counts = np.rint(signal_mv * (1000 / _UV)).astype(np.int64)
    ET.SubElement(value, "digits").text = " ".join(map(str, counts.tolist()))


def _stretches(held: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Stretches of samples over which the same leads hold samples."""
    changes = np.flatnonzero((held[1:] != held[:-1]).any(axis=1)) + 1
    return list(pairwise([0, *changes.tolist(), held.shape[0]]))


def decode(data: bytes) -> Ecg:
    """The first series of an aECG document; derived beats and annotations are left aside.

    Raises
    ------
    UnreadableFile
        No aECG, or one of a form that is not known here.
    """
    if re.search(rb"<!(DOCTYPE|ENTITY)", data.replace(b"\0", b"")):  # the zero bytes are those of UTF-16
        raise UnreadableFile("XML with a document type is not read.", "Export the ECG as HL7 aECG.")
    root = ET.fromstring(data)
    series = next(root.iter(f"{{{_NS}}}series"), None)
    if series is None:
        raise UnreadableFile("The XML file is no HL7 annotated ECG.", "Export the ECG as HL7 aECG, DICOM or CSV.")
    parts = [_decode_set(each) for each in series.findall(f"{{{_NS}}}component/{{{_NS}}}sequenceSet")]
    if not parts:
        raise UnreadableFile("The annotated ECG holds no sequence.")
    step_s = parts[0][1]
    heads_s = [head_s for head_s, _, _ in parts]
    width = series.find(f"{{{_NS}}}effectiveTime/{{{_NS}}}width")
    begin_s = min(heads_s) if width is None else 0.0
    samples = max(
        [round((head_s - begin_s) / step_s) + len(v) for head_s, _, leads in parts for v in leads.values()]
        + ([] if width is None else [round(_seconds(width) / step_s)])
    )
    names = list(dict.fromkeys(name for _, _, leads in parts for name in leads))
    names.sort(key=lambda name: LEADS.index(name) if name in LEADS else len(LEADS))
    if samples * len(names) > _MAX_SAMPLES:
        raise FileTooLarge(
            "The annotated ECG claims to be longer than any that is read.", "Cut it into shorter records."
        )
    signal_mv = np.full((samples, len(names)), np.nan)
    for head_s, _, leads in parts:
        begin = round((head_s - begin_s) / step_s)
        for name, values in leads.items():
            signal_mv[begin : begin + values.size, names.index(name)] = values
    return Ecg(signal_mv, float(f"{1 / step_s:.9g}"), tuple(names))


def _decode_set(sequence_set: ET.Element) -> tuple[float, float, dict[str, NDArray[np.float64]]]:
    """When a sequence set begins and how far its samples are apart, in seconds; millivolts by lead."""
    head_s = step_s = float("nan")
    written: list[str] = []
    signals: list[NDArray[np.float64]] = []
    for sequence in sequence_set.iter(f"{{{_NS}}}sequence"):
        code, value = sequence.find(f"{{{_NS}}}code"), sequence.find(f"{{{_NS}}}value")
        if code is None or value is None:
            continue
        name = code.get("code", "")
        if name.startswith("TIME_"):
            head, increment = value.find(f"{{{_NS}}}head"), value.find(f"{{{_NS}}}increment")
            if head is None or increment is None:
                raise UnreadableFile("The annotated ECG lists its times in a way that is not known here.")
            stamped = value.get(_TYPE, "").endswith("TS")
            head_s, step_s = (_stamp_s(head.get("value", "")) if stamped else _seconds(head)), _seconds(increment)
        elif value.get("nullFlavor") is not None:
            written.append(name)
            signals.append(np.empty(0))
        else:
            written.append(name)
            signals.append(_signal_mv(value))
    if not step_s > 0 or not np.isfinite(head_s) or not signals:
        raise UnreadableFile("A sequence set of the annotated ECG has no time or no lead.")
    return head_s, step_s, dict(zip(name_leads(written), signals, strict=True))


def _signal_mv(value: ET.Element) -> NDArray[np.float64]:
    origin, scale, digits = (value.find(f"{{{_NS}}}{name}") for name in ("origin", "scale", "digits"))
    if scale is None or digits is None:
        raise UnreadableFile("A lead of the annotated ECG has no scale or no samples.")
    step_mv, zero_mv = _millivolts(scale), 0.0 if origin is None else _millivolts(origin)
    return zero_mv + step_mv * np.array((digits.text or "").split(), np.float64)


def _millivolts(quantity: ET.Element) -> float:
    scale = mv_per(quantity.get("unit", ""))
    if scale is None:
        raise UnreadableFile("A lead of the annotated ECG is in no unit of voltage.")
    return float(quantity.get("value", "")) * scale


def _seconds(quantity: ET.Element) -> float:
    return float(quantity.get("value", "")) * {"s": 1.0, "ms": 1e-3, "us": 1e-6}[quantity.get("unit", "s")]


def _stamp_s(stamp: str) -> float:
    """An HL7 time stamp, ``YYYYMMDDhhmmss.fff`` with or without a zone, in seconds from a fixed day."""
    parts = re.fullmatch(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(\.\d+)?(?:[+-]\d{4}|Z)?", stamp.strip())
    if parts is None:
        raise UnreadableFile("A time of the annotated ECG is in a form that is not known here.")
    year, month, day, hour, minute = (int(part) for part in parts.groups()[:5])
    days = date(year, month, day).toordinal() - date(2000, 1, 1).toordinal()
    return ((days * 24 + hour) * 60 + minute) * 60 + int(parts[6] or 0) + float(parts[7] or 0)
