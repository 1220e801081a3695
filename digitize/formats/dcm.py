"""DICOM ECG waveforms (PS3.3 A.34): one multiplex group, 16-bit, 1 µV; WaveformPaddingValue where there is no sample.

Leads are coded after PS3.16 CID 3001, scheme MDC. Patient and study are left empty: an Ecg knows no person.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from digitize.errors import UnreadableFile, UsageError
from digitize.formats.leads import name_leads
from digitize.formats.microvolts import BLANK, mv_per, to_counts
from digitize.record import LEADS, Ecg

if TYPE_CHECKING:
    from pydicom import Dataset

_TWELVE_LEAD_SOP = "1.2.840.10008.5.1.4.1.1.9.1.1"
_GENERAL_SOP = "1.2.840.10008.5.1.4.1.1.9.1.2"
_TWELVE_LEAD_MAX = (16384, 13)  # samples, channels
_FS_RANGE_HZ = (200.0, 1000.0)

_EMPTY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "ReferringPhysicianName", "AccessionNumber"),
    *("StudyID", "StudyDate", "StudyTime", "SeriesNumber", "InstanceNumber", "ContentDate", "ContentTime"),
    "AcquisitionDateTime",
)
"""Must be there, and nothing is known of them."""

_CODES = {"I": "2:1", "II": "2:2", "III": "2:61", "aVR": "2:62", "aVL": "2:63", "aVF": "2:64"} | {
    f"V{k}": f"2:{k + 2}" for k in range(1, 7)
}
_LEADS_BY_CODE = {code: lead for lead, code in _CODES.items()}


def encode(ecg: Ecg) -> bytes:
    """A DICOM file: 12-lead ECG where it fits in one (16,384 samples, 200-1000 Hz), else General ECG.

    Raises
    ------
    UsageError
        A rate that neither allows, or a sample beyond ±32.767 mV.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

    if not _FS_RANGE_HZ[0] <= ecg.fs_hz <= _FS_RANGE_HZ[1]:
        raise UsageError("DICOM ECGs have 200 to 1000 samples a second.", "Resample the signal, or write .csv or .edf.")
    counts = to_counts(ecg)
    fits = counts.shape[0] <= _TWELVE_LEAD_MAX[0] and counts.shape[1] <= _TWELVE_LEAD_MAX[1]
    standard = fits and set(ecg.leads) <= set(LEADS)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(_TWELVE_LEAD_SOP if standard else _GENERAL_SOP)
    # The same signal gets the same file, bit for bit.
    seed = hashlib.sha256(counts.tobytes() + repr((ecg.fs_hz, ecg.leads)).encode()).hexdigest()
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[seed, "instance"])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=[seed, "study"])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[seed, "series"])
    dataset.Modality, dataset.Manufacturer = "ECG", "Paperbeat"
    for empty in _EMPTY:
        setattr(dataset, empty, None)
    dataset.AcquisitionContextSequence = []
    dataset.WaveformSequence = [_group(counts, ecg)]
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _group(counts: NDArray[np.int16], ecg: Ecg) -> Dataset:
    """The multiplex group of all leads."""
    from pydicom.dataset import Dataset

    group = Dataset()
    group.WaveformOriginality = "DERIVED"
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = counts.shape[1], counts.shape[0]
    group.SamplingFrequency = f"{ecg.fs_hz:.10g}"
    group.MultiplexGroupLabel = "RHYTHM"
    group.ChannelDefinitionSequence = [_channel(lead) for lead in ecg.leads]
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.add_new("WaveformPaddingValue", "OW", np.int16(BLANK).astype("<i2").tobytes())
    group.add_new("WaveformData", "OW", counts.astype("<i2").tobytes())
    return group


def _channel(lead: str) -> Dataset:
    from pydicom.dataset import Dataset

    channel = Dataset()
    channel.ChannelLabel = lead[:16]
    code = (_CODES[lead], "MDC", f"Lead {lead}") if lead in _CODES else (lead[:16], "99PAPERBEAT", lead)
    channel.ChannelSourceSequence = [_code(*code)]
    channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor = "1", "1"
    channel.ChannelSensitivityUnitsSequence = [_code("uV", "UCUM", "microvolt")]
    channel.ChannelBaseline, channel.ChannelTimeSkew = "0", "0"
    channel.WaveformBitsStored = 16
    return channel


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    from pydicom.dataset import Dataset

    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


def decode(data: bytes) -> Ecg:
    """The waveform of a DICOM file: its longest multiplex group (the others are median beats).

    Raises
    ------
    UnreadableFile
        No DICOM, no waveform, or channels whose unit is not given.
    """
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(io.BytesIO(data), force=data[128:132] != b"DICM")
        groups = dataset.get("WaveformSequence") or []
        if not groups:
            raise UnreadableFile("The DICOM file holds no waveform.", "Read pictures with `paperbeat read`.")
        group = max(groups, key=lambda each: float(each.NumberOfWaveformSamples) / float(each.SamplingFrequency))
        raw = _samples(group)
        signal_mv = np.full(raw.shape, np.nan)
        names = []
        for column, channel in enumerate(group.ChannelDefinitionSequence):
            signal_mv[:, column] = _scaled_mv(raw[:, column], channel)
            names.append(_lead(channel))
    padding = group.get("WaveformPaddingValue")
    if padding is not None:
        signal_mv[raw == _first_sample(padding, raw.dtype)] = np.nan
    return Ecg(signal_mv, float(group.SamplingFrequency), name_leads(names))


def _samples(group: Dataset) -> NDArray[Any]:
    """Raw counts, shape (time, channel)."""
    kinds = {"SS": "<i2", "US": "<u2", "SL": "<i4", "UL": "<u4", "SB": "i1", "UB": "u1"}
    kind = np.dtype(kinds[group.WaveformSampleInterpretation])
    shape = int(group.NumberOfWaveformSamples), int(group.NumberOfWaveformChannels)
    return np.frombuffer(bytes(group.WaveformData), kind, count=shape[0] * shape[1]).reshape(shape)


def _first_sample(padding: object, kind: np.dtype[Any]) -> int:
    if isinstance(padding, bytes):
        return int(np.frombuffer(padding[: kind.itemsize], kind)[0])
    return int(np.array(int(str(padding))).astype(kind))


def _scaled_mv(raw: NDArray[Any], channel: Dataset) -> NDArray[np.float64]:
    """Counts to millivolts (PS3.3 C.10.9.1.4: counts x sensitivity x correction, and the baseline in the same unit)."""
    units = channel.get("ChannelSensitivityUnitsSequence")
    scale = mv_per(units[0].CodeValue) if units else None
    if scale is None:
        raise UnreadableFile("The DICOM waveform does not say in which unit of voltage it is.")
    gain = float(channel.ChannelSensitivity) * float(channel.get("ChannelSensitivityCorrectionFactor") or 1)
    return (raw.astype(np.float64) * gain + float(channel.get("ChannelBaseline") or 0)) * scale


def _lead(channel: Dataset) -> str:
    source = (channel.get("ChannelSourceSequence") or [None])[0]
    if source is not None:
        code = str(source.get("CodeValue", ""))
        known = _LEADS_BY_CODE.get(code.replace("5.6.3-9-", "2:"))  # the older scheme SCPECG has the same numbers
        if known:
            return known
        return str(source.get("CodeMeaning") or code)
    return str(channel.get("ChannelLabel", "?"))
