from __future__ import annotations

import errno
import io
import json
import os
import re
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digitize.errors import FileTooLarge, UnreadableFile, UsageError
from digitize.formats import ENDINGS, arrange, decode_ecg, encode_ecg, name_lead, npz, read_ecg, write_ecg
from digitize.record import LEADS, Ecg

DATA = Path(os.environ.get("PAPERBEAT_DATA", Path(__file__).parents[1] / "../shared/data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no PAPERBEAT_DATA: the real records are not here")

STEP_MV = {
    ".csv": 1e-4,
    ".json": 1e-4,
    ".xml": 1e-4,
    ".npz": 0.0,
    ".hea": 1e-3,
    ".dat": 1e-3,
    ".dcm": 1e-3,
    ".edf": 1e-3,
}
ONE_FILE = [ending for ending in ENDINGS if ending not in (".hea", ".dat")]


@st.composite
def ecgs(draw: st.DrawFn) -> Ecg:
    """ECGs with gaps of all kinds: blank leads, windows, single samples, a blank end."""
    leads = draw(st.sampled_from([LEADS, LEADS[::-1], ("I", "II", *LEADS[6:]), ("MLII", "V5"), ("X",)]))
    samples = draw(st.integers(2, 1300))
    fs_hz = draw(st.sampled_from([500.0, 360.0, 257.0, 1000.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    signal_mv = rng.uniform(-1, 1, (samples, len(leads))) * draw(st.sampled_from([0.01, 1.0, 32.7]))
    for column in range(len(leads)):
        match draw(st.sampled_from(["whole", "blank", "window", "dots", "blank end"])):
            case "blank":
                signal_mv[:, column] = np.nan
            case "window":
                begin, end = sorted(rng.integers(0, samples + 1, 2).tolist())
                signal_mv[:begin, column] = np.nan
                signal_mv[end:, column] = np.nan
            case "dots":
                signal_mv[rng.integers(0, samples, 3), column] = np.nan
            case "blank end":
                signal_mv[samples // 2 :, column] = np.nan
    return Ecg(signal_mv, fs_hz, leads)


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ecg=ecgs())
def test_round_trip(ending: str, ecg: Ecg, tmp_path: Path) -> None:
    path = tmp_path / f"signal{ending}"
    write_ecg(ecg, path)
    read, wanted = read_ecg(path), arrange(ecg)
    if ending == ".xml" and set(read.leads) == set(wanted.leads):  # aECG names leads as they begin
        read = Ecg(np.stack([read.lead(lead) for lead in wanted.leads], axis=1), read.fs_hz, wanted.leads)
    assert read.leads == wanted.leads
    assert read.fs_hz == wanted.fs_hz
    assert read.signal_mv.shape == wanted.signal_mv.shape
    assert np.array_equal(np.isnan(read.signal_mv), np.isnan(wanted.signal_mv))
    # A derived lead adds up the rounding of two.
    assert np.nanmax(np.abs(read.signal_mv - wanted.signal_mv), initial=0.0) <= STEP_MV[ending] * 0.76 * 1.4 + 1e-9
    for column, lead in enumerate(ecg.leads):
        error_mv = np.nanmax(np.abs(read.lead(lead) - ecg.signal_mv[:, column]), initial=0.0)
        assert error_mv <= STEP_MV[ending] / 2 + 1e-9


def sheet(seconds: float = 2.0) -> Ecg:
    """A small 3x4 sheet with rhythm strip; aVL could not be read."""
    count = int(seconds * 500)
    signal_mv = np.random.default_rng(0).normal(0, 0.5, (count, 12))
    for column in range(12):
        if LEADS[column] != "II":
            signal_mv[: column // 3 * count // 4, column] = np.nan
            signal_mv[(column // 3 + 1) * count // 4 :, column] = np.nan
    signal_mv[:, LEADS.index("aVL")] = np.nan
    return Ecg(signal_mv, 500.0)


@pytest.mark.parametrize("ending", ENDINGS)
def test_same_signal_same_bytes(ending: str, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_ecg(sheet(), tmp_path / folder / f"signal{ending}")
    one, other = ({p.name: p.read_bytes() for p in (tmp_path / f).iterdir()} for f in ("a", "b"))
    assert one == other
    assert len(one) == (2 if ending in (".hea", ".dat") else 1)


# --- names and leads ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "name"),
    [
        *(("AVR", "aVR"), ("i", "I"), (" avf ", "aVF"), ("Lead II", "II"), ("ECG V1", "V1"), ("EKG aVL", "aVL")),
        *(("MDC_ECG_LEAD_AVR", "aVR"), ("v6", "V6"), ("I (mV)", "I"), ("II_mV", "II"), ("MLII", "MLII")),
        *(("V3R", "V3R"), ("ECG", "ECG"), ("ecg", "ecg"), ("-aVR", "-aVR"), ("Leading", "Leading")),
    ],
)
def test_lead_names(written: str, name: str) -> None:
    assert name_lead(written) == name


def test_limb_leads_follow_from_i_and_ii() -> None:
    rng = np.random.default_rng(0)
    right, left, foot = rng.normal(0, 1, (3, 50))  # potentials of the electrodes, from which every limb lead is defined
    leads = {"I": left - right, "II": foot - right} | {f"V{k}": rng.normal(0, 1, 50) for k in range(1, 7)}
    leads["I"][:5] = np.nan
    twelve = arrange(Ecg(np.stack(list(leads.values()), axis=1), 500.0, tuple(leads)))
    assert twelve.leads == LEADS
    wanted = {"III": foot - left, "aVR": right - (left + foot) / 2}
    wanted |= {"aVL": left - (right + foot) / 2, "aVF": foot - (right + left) / 2}
    for name, values in wanted.items():
        assert np.isnan(twelve.lead(name)[:5]).all()
        assert np.allclose(twelve.lead(name)[5:], values[5:])
    assert np.array_equal(twelve.lead("V3"), leads["V3"])


def test_a_blank_lead_is_never_filled_in() -> None:
    read = decode_ecg(encode_ecg(sheet(), ".csv"), ".csv")
    assert np.isnan(read.lead("aVL")).all()


def test_two_leads_stay_two() -> None:
    ecg = Ecg(np.zeros((10, 2)), 360.0, ("V5", "V2"))
    assert arrange(ecg) is ecg


# --- csv ---------------------------------------------------------------------------------------------------------


def test_csv_is_the_contract() -> None:
    signal_mv = np.full((3, 12), np.nan)
    signal_mv[:, 1] = [0.5, -0.00001, -1.23456]
    lines = encode_ecg(Ecg(signal_mv, 500.0), ".csv").decode().splitlines()
    assert lines == [
        "time_s,I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6",
        "0.000,,0.5000,,,,,,,,,,",
        "0.002,,0.0000,,,,,,,,,,",
        "0.004,,-1.2346,,,,,,,,,,",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "\ufefftime_s,II,V1\n0,0.1,\n0.002,0.2,-1\n0.004,nan,0\n",
        "V1,TIME,ii\r\n,0,0.1\r\n-1,0.002,0.2\r\n0,0.004,NaN\r\n",
        "time_s;II;V1\n0;0,1;\n0,002;0,2;-1\n0,004;;0\n",
        "t\tII\tV1\n0\t0.1\t\n0.002\t0.2\t-1\n0.004\t\t0\n\n",
        "time_s,II,V1,\n5,0.1,,\n5.002,0.2,-1,\n5.004,,0,\n",
    ],
)
def test_csv_as_others_write_it(text: str) -> None:
    ecg = decode_ecg(text.encode(), ".csv")
    assert ecg.fs_hz == 500.0
    assert set(ecg.leads) == {"II", "V1"}
    assert np.array_equal(ecg.lead("II"), [0.1, 0.2, np.nan], equal_nan=True)
    assert np.array_equal(ecg.lead("V1"), [np.nan, -1, 0], equal_nan=True)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("I,II\n0.1,0.2\n0.1,0.2\n", "time column"),
        ("0,0.1\n0.002,0.2\n", "time column"),
        ("time_s\n0\n0.002\n", "header"),
        ("time_s,I\n", "two rows"),
        ("time_s,I\n0,1\n", "two rows"),
        ("time_s,I\n0,1\n0.002,high\n", "Row 3"),
        ("time_s,I\n0,1\n0.002,inf\n", "Row 3"),
        ("time_s,I\n0,1\n0.002\n", "Row 3"),
        ("time_s,I\n0,1\n0.002,1,7\n", "Row 3"),
        ("time_s,I\n0,1\n0,1\n", "evenly"),
        ("time_s,I\n0,1\n0.002,1\n0.008,1\n", "evenly"),
        ("time_s,I\n0,1\n,1\n0.004,1\n", "evenly"),
        ("time_s,I\n0.004,1\n0.002,1\n0,1\n", "evenly"),
        ("time_s,I\n0,850\n0.002,-1200\n", "millivolts"),
        ("\n\n", "empty"),
    ],
)
def test_csv_that_makes_no_sense(text: str, why: str) -> None:
    with pytest.raises(UnreadableFile, match=why) as caught:
        decode_ecg(text.encode(), ".csv")
    assert caught.value.hint


# --- wfdb --------------------------------------------------------------------------------------------------------


def test_wfdb_package_reads_what_is_written(tmp_path: Path) -> None:
    with warnings.catch_warnings():  # wfdb's own import warns with pandas 3.1, before any of its functions is called
        warnings.simplefilter("ignore")
        import wfdb

    ecg = sheet()
    write_ecg(ecg, tmp_path / "signal.hea")
    record = wfdb.rdrecord(str(tmp_path / "signal"))
    assert record.units == ["mV"] * 12
    assert record.fmt == ["16"] * 12
    assert record.adc_gain == [1000.0] * 12
    assert tuple(record.sig_name) == LEADS
    assert np.nanmax(np.abs(record.p_signal - ecg.signal_mv)) <= 0.0005 + 1e-12
    assert np.array_equal(np.isnan(record.p_signal), np.isnan(ecg.signal_mv))
    digital = wfdb.rdrecord(str(tmp_path / "signal"), physical=False)
    assert [checksum % 65536 for checksum in digital.checksum] == digital.calc_checksum()
    assert digital.init_value == digital.d_signal[0].tolist()


def test_wfdb_names_only_what_wfdb_allows(tmp_path: Path) -> None:
    write_ecg(sheet(), tmp_path / "page of März.v2.hea")
    assert {p.name for p in tmp_path.iterdir()} == {"page of März.v2.hea", "page_of_M_rz_v2.dat"}
    assert read_ecg(tmp_path / "page of März.v2.hea").leads == LEADS


def test_wfdb_with_a_part_missing(tmp_path: Path) -> None:
    write_ecg(sheet(), tmp_path / "signal.hea")
    samples = (tmp_path / "signal.dat").read_bytes()
    (tmp_path / "signal.dat").write_bytes(samples[:1000])
    with pytest.raises(UnreadableFile, match="damaged"):
        read_ecg(tmp_path / "signal.hea")
    (tmp_path / "signal.dat").unlink()
    with pytest.raises(UnreadableFile):
        read_ecg(tmp_path / "signal.hea")
    (tmp_path / "signal.hea").unlink()
    (tmp_path / "signal.dat").write_bytes(samples)
    with pytest.raises(UnreadableFile, match="header"):
        read_ecg(tmp_path / "signal.dat")


def test_wfdb_channels_of_other_units(tmp_path: Path) -> None:
    header = (
        "r 3 500 4\nr.dat 16 200/uV 16 0 0 0 0 II\nr.dat 16 100/mmHg 16 0 0 0 0 ABP\nr.dat 16 1000/mV 16 0 0 0 0 II\n"
    )
    (tmp_path / "r.hea").write_text(header)
    np.array([[200, 5, 300]] * 4, "<i2").tofile(tmp_path / "r.dat")
    ecg = read_ecg(tmp_path / "r.hea")
    assert ecg.leads == ("II", "II 2")
    assert np.allclose(ecg.signal_mv, [[0.001, 0.3]] * 4)
    (tmp_path / "r.hea").write_text("r 1 500 12\nr.dat 16 100/mmHg 16 0 0 0 0 ABP\n")
    with pytest.raises(UnreadableFile, match="voltage"):
        read_ecg(tmp_path / "r.hea")


@needs_data
@pytest.mark.parametrize(
    ("pattern", "fs_hz", "leads", "samples"),
    [
        ("ptb-xl/records500/*/*_hr.hea", 500.0, LEADS, 5000),
        ("mit-bih/100.dat", 360.0, ("MLII", "V5"), 650_000),
        ("cinc/A0001.mat", 500.0, LEADS, 7500),
        ("ludb/data/*.hea", 500.0, LEADS, 5000),
    ],
)
def test_records_as_they_are_published(pattern: str, fs_hz: float, leads: tuple[str, ...], samples: int) -> None:
    paths = sorted(DATA.glob(pattern))
    if not paths:
        pytest.skip("this data set is not here")
    ecg = read_ecg(paths[0])
    assert (ecg.fs_hz, ecg.leads, ecg.signal_mv.shape[0]) == (fs_hz, leads, samples)
    assert 0.1 < np.nanmax(np.abs(ecg.signal_mv)) < 10
    if len(leads) == 12:
        # LUDB has each lead filtered by itself, so Einthoven's law holds there only roughly.
        assert np.median(np.abs(ecg.lead("III") - (ecg.lead("II") - ecg.lead("I")))) < 0.05


# --- dicom -------------------------------------------------------------------------------------------------------


def test_dicom_codes_are_those_of_the_standard() -> None:
    import pydicom
    from pydicom.sr import codes

    dataset = pydicom.dcmread(io.BytesIO(encode_ecg(sheet(), ".dcm")))
    group = dataset.WaveformSequence[0]
    names = ["LeadI", "LeadII", "LeadIII", "AvrAugmentedVoltageRight", "AvlAugmentedVoltageLeft"]
    names += ["AvfAugmentedVoltageFoot", *(f"LeadV{k}" for k in range(1, 7))]
    for channel, name in zip(group.ChannelDefinitionSequence, names, strict=True):
        wanted = getattr(codes.CID3001, name)
        source = channel.ChannelSourceSequence[0]
        assert (source.CodeValue, source.CodingSchemeDesignator) == (wanted.value, wanted.scheme_designator)
    assert dataset.SOPClassUID.name == "12-lead ECG Waveform Storage"
    assert not dataset.PatientName


def test_dicom_is_read_alike_by_pydicom() -> None:
    import pydicom
    from pydicom.waveforms import multiplex_array

    ecg = sheet()
    uv = multiplex_array(pydicom.dcmread(io.BytesIO(encode_ecg(ecg, ".dcm"))), 0)
    held = np.isfinite(ecg.signal_mv)
    assert np.abs(uv[held] - ecg.signal_mv[held] * 1000).max() <= 0.5 + 1e-9
    assert (uv[~held] == -32768).all()


def test_dicom_of_a_cart_with_other_units_and_a_median_beat() -> None:
    import pydicom
    from pydicom.dataset import Dataset

    dataset = pydicom.dcmread(io.BytesIO(encode_ecg(Ecg(np.full((600, 2), 0.2), 500.0, ("V1", "II")), ".dcm")))
    rhythm = dataset.WaveformSequence[0]
    for channel, (code, sensitivity, baseline) in zip(
        rhythm.ChannelDefinitionSequence, [("5.6.3-9-62", "0.005", "0"), ("2:2", "0.0025", "-0.1")], strict=True
    ):
        channel.ChannelSourceSequence[0].CodeValue = code
        channel.ChannelSensitivityUnitsSequence[0].CodeValue = "mV"
        channel.ChannelSensitivity, channel.ChannelBaseline = sensitivity, baseline
    beat = Dataset()
    beat.NumberOfWaveformSamples, beat.SamplingFrequency = 600, "1000"
    dataset.WaveformSequence = [beat, rhythm]
    out = io.BytesIO()
    dataset.save_as(out)
    ecg = decode_ecg(out.getvalue(), ".dcm")
    assert ecg.leads == ("aVR", "II")
    assert np.allclose(ecg.signal_mv, [1.0, 0.4])


def test_dicom_that_does_not_tell_its_unit_or_has_no_signal() -> None:
    import pydicom

    dataset = pydicom.dcmread(io.BytesIO(encode_ecg(sheet(), ".dcm")))
    del dataset.WaveformSequence[0].ChannelDefinitionSequence[3].ChannelSensitivityUnitsSequence
    out = io.BytesIO()
    dataset.save_as(out)
    with pytest.raises(UnreadableFile, match="unit"):
        decode_ecg(out.getvalue(), ".dcm")
    del dataset.WaveformSequence
    out = io.BytesIO()
    dataset.save_as(out)
    with pytest.raises(UnreadableFile, match="no waveform"):
        decode_ecg(out.getvalue(), ".dcm")


def test_dicom_limits() -> None:
    import pydicom

    long = Ecg(np.zeros((16385, 12)), 500.0)
    assert pydicom.dcmread(io.BytesIO(encode_ecg(long, ".dcm"))).SOPClassUID.name == "General ECG Waveform Storage"
    with pytest.raises(UsageError, match="200 to 1000"):
        encode_ecg(Ecg(np.zeros((10, 12)), 100.0), ".dcm")


# --- aECG --------------------------------------------------------------------------------------------------------

AECG_OF_A_CART = """<?xml version="1.0" encoding="UTF-8"?>
<AnnotatedECG xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" type="Observation">
<effectiveTime><low value="20021122091000.000"/><high value="20021122091010.000"/></effectiveTime>
<component><series><effectiveTime><low value="20021122091000.000" inclusive="true"/></effectiveTime>
<component><sequenceSet>
<component><sequence><code code="TIME_ABSOLUTE" codeSystem="2.16.840.1.113883.5.4"/>
<value xsi:type="GLIST_TS"><head value="20021122091000.500+0100" unit="s"/><increment value="4" unit="ms"/></value>
</sequence></component>
<component><sequence><code code="MDC_ECG_LEAD_AVR" codeSystem="2.16.840.1.113883.6.24"/>
<value xsi:type="SLIST_PQ"><origin value="0.5" unit="mV"/><scale value="0.01" unit="mV"/><digits>1 2 -3
 4</digits></value></sequence></component>
<component><sequence><code code="MDC_ECG_LEAD_II"/>
<value xsi:type="SLIST_PQ"><origin value="0" unit="uV"/><scale value="5" unit="uV"/><digits>100 0 0 0</digits></value>
</sequence></component>
</sequenceSet></component>
<derivation><derivedSeries><component><sequenceSet/></component></derivedSeries></derivation>
</series></component></AnnotatedECG>"""


def test_aecg_of_a_cart() -> None:
    ecg = decode_ecg(AECG_OF_A_CART.encode(), ".xml")
    assert ecg.fs_hz == 250.0
    assert ecg.leads == ("II", "aVR")
    assert np.allclose(ecg.lead("aVR"), [0.51, 0.52, 0.47, 0.54])
    assert np.allclose(ecg.lead("II"), [0.5, 0, 0, 0])


def test_aecg_has_one_set_for_each_column_of_the_sheet() -> None:
    text = encode_ecg(sheet(), ".xml").decode()
    assert [float(head) for head in re.findall(r'<head value="([^"]+)"', text)] == [0.0, 0.5, 1.0, 1.5]
    assert text.count('nullFlavor="NI"') == 1  # aVL


@pytest.mark.parametrize("printed", [slice(20, 30), slice(0, 0)])
def test_aecg_of_a_signal_that_begins_late_or_never(printed: slice) -> None:
    signal_mv = np.full((50, 2), np.nan)
    signal_mv[printed, 1] = 0.1
    read = decode_ecg(encode_ecg(Ecg(signal_mv, 500.0, ("X", "II")), ".xml"), ".xml")
    assert sorted(read.leads) == ["II", "X"]
    assert np.isnan(read.lead("X")).all()
    assert np.array_equal(read.lead("II"), signal_mv[:, 1], equal_nan=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</AnnotatedECG>", ""),
        ('<?xml version="1.0" encoding="UTF-8"?>', '<!DOCTYPE a [<!ENTITY a "aaaa">]>'),
        ("urn:hl7-org:v3", "urn:other"),
        ('unit="mV"', 'unit="mmHg"'),
        ("20021122091000.500+0100", "yesterday"),
        ('<increment value="4" unit="ms"/>', ""),
        ('value="4" unit="ms"', 'value="0" unit="ms"'),
        ("<digits>1 2 -3", "<digits>1 two -3"),
        ('<scale value="0.01" unit="mV"/>', ""),
    ],
)
def test_aecg_that_makes_no_sense(old: str, new: str) -> None:
    assert old in AECG_OF_A_CART
    with pytest.raises(UnreadableFile):
        decode_ecg(AECG_OF_A_CART.replace(old, new).encode(), ".xml")


def test_aecg_that_claims_to_be_endless() -> None:
    text = encode_ecg(sheet(), ".xml").decode()
    with pytest.raises(FileTooLarge):
        decode_ecg(text.replace('<width value="2.0"', '<width value="2e9"').encode(), ".xml")


# --- edf ---------------------------------------------------------------------------------------------------------


def test_edf_tells_other_readers_where_nothing_was_printed() -> None:
    from edfio import read_edf

    edf = read_edf(io.BytesIO(encode_ecg(sheet(2.3), ".edf")))
    assert edf.duration == 3
    assert [signal.label for signal in edf.signals] == [f"ECG {lead}" for lead in LEADS]
    marks = {(mark.text, mark.onset, mark.duration) for mark in edf.annotations}
    assert ("end of signal", 2.3, None) in marks
    assert ("not printed: aVL", 0.0, 2.3) in marks
    assert ("not printed: II", 0.0, 2.3) not in marks
    (blank,) = [mark for mark in edf.annotations if mark.text == "not printed: I"]
    assert (blank.onset, blank.duration) == (pytest.approx(0.574), pytest.approx(1.726))


def test_edf_of_another_recorder() -> None:
    from edfio import Edf, EdfSignal

    wave = np.sin(np.arange(500) / 20)
    signals = [
        EdfSignal(wave, 250, label="EKG II", physical_dimension="mV", physical_range=(-2, 2)),
        EdfSignal(wave * 1000, 250, label="ecg avr", physical_dimension="uV", physical_range=(-2000, 2000)),
        EdfSignal(wave[:50], 25, label="Resp", physical_dimension="mV", physical_range=(-2, 2)),
        EdfSignal(wave + 90, 250, label="SpO2", physical_dimension="%", physical_range=(0, 100)),
    ]
    ecg = decode_ecg(Edf(signals).to_bytes(), ".edf")
    assert (ecg.fs_hz, ecg.leads) == (250.0, ("II", "aVR"))
    assert np.allclose(ecg.signal_mv, wave[:, None], atol=1e-3)
    with pytest.raises(UnreadableFile, match="voltage"):
        decode_ecg(Edf(signals[3:]).to_bytes(), ".edf")


def test_edf_needs_a_whole_rate() -> None:
    with pytest.raises(UsageError, match="whole"):
        encode_ecg(Ecg(np.zeros((10, 1)), 128.5, ("II",)), ".edf")


# --- npz and json ------------------------------------------------------------------------------------------------


def saved(save: Callable[..., None], **arrays: object) -> bytes:
    out = io.BytesIO()
    save(out, **arrays)
    return out.getvalue()


def test_npz_of_odd_contents(monkeypatch: pytest.MonkeyPatch) -> None:
    good = {"signal_mv": np.zeros((4, 1)), "fs_hz": 500.0, "leads": np.array(["II"])}
    assert decode_ecg(saved(np.savez, **good), ".npz").leads == ("II",)
    for odd in (
        {key: value for key, value in good.items() if key != "fs_hz"},
        good | {"signal_mv": np.array([{"run": "me"}], dtype=object)},
        good | {"signal_mv": np.zeros(4)},
        good | {"fs_hz": -1.0},
        good | {"leads": np.array(["I", "II"])},
    ):
        with pytest.raises(UnreadableFile):
            decode_ecg(saved(np.savez, **odd), ".npz")
    monkeypatch.setattr(npz, "MAX_BYTES", 10_000)
    with pytest.raises(FileTooLarge):
        decode_ecg(saved(np.savez_compressed, **good | {"signal_mv": np.zeros((10_000, 1))}), ".npz")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as parts:
        parts.writestr("signal_mv.npy", b"not an array")
    with pytest.raises(UnreadableFile):
        decode_ecg(out.getvalue(), ".npz")


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"fs_hz": 500},
        {"signal_mv": {"I": [0]}},
        {"fs_hz": 0, "signal_mv": {"I": [0]}},
        {"fs_hz": "fast", "signal_mv": {"I": [0]}},
        {"fs_hz": 500, "signal_mv": {}},
        {"fs_hz": 500, "signal_mv": {"I": [0], "II": [0, 1]}},
        {"fs_hz": 500, "signal_mv": {"I": ["high"]}},
        {"fs_hz": 500, "unit": "uV", "signal_mv": {"I": [100]}},
    ],
)
def test_json_that_makes_no_sense(document: object) -> None:
    with pytest.raises(UnreadableFile):
        decode_ecg(json.dumps(document).encode(), ".json")


# --- any format --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ONE_FILE)
@pytest.mark.parametrize("keep", [0, 1, 300, -40])
def test_cut_short(ending: str, keep: int) -> None:
    data = encode_ecg(sheet(), ending)
    cut = data[:keep] if keep >= 0 else data[: len(data) + keep]
    if ending == ".csv" and keep == -40:
        return  # a shorter table is a table
    with pytest.raises(UnreadableFile):
        decode_ecg(cut, ending)


@pytest.mark.parametrize("ending", [*ENDINGS, ".mat"])
def test_files_of_something_else(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"signal{ending}"
    for content in (
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(500),
        b"Dear colleague,\nthank you for the referral.\n",
        bytes(999),
    ):
        path.write_bytes(content)
        with pytest.raises(UnreadableFile):
            read_ecg(path)


@pytest.mark.parametrize("ending", ONE_FILE)
def test_flipped_bytes_raise_nothing_else(ending: str) -> None:
    data = encode_ecg(sheet(1.0), ending)
    rng = np.random.default_rng(5)
    for _ in range(20):
        broken = np.frombuffer(data, np.uint8).copy()
        broken[rng.integers(0, min(broken.size, 3000), 4)] ^= rng.integers(1, 255, 4, np.uint8)
        try:
            decode_ecg(broken.tobytes(), ending)
        except (UnreadableFile, FileTooLarge):
            continue


def test_unknown_endings(tmp_path: Path) -> None:
    for path in (tmp_path / "signal.scp", tmp_path / "signal"):
        for act in (lambda p: write_ecg(sheet(), p), read_ecg):
            with pytest.raises(UsageError) as caught:
                act(path)
            assert all(ending in caught.value.hint for ending in ENDINGS)
    assert not list(tmp_path.iterdir())


def test_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name in ("absent.csv", "absent.hea", "folder.csv", "a\0b.csv"):
        with pytest.raises(UnreadableFile):
            read_ecg(tmp_path / name)


@pytest.mark.parametrize("ending", [".hea", ".dcm", ".edf"])
def test_signals_too_large_for_16_bits(ending: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"32\.767"):
        write_ecg(Ecg(np.full((500, 1), 32.8), 500.0, ("II",)), tmp_path / f"signal{ending}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("at", ["write", "move"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    ending: str, at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"signal{ending}"
    write_ecg(sheet(), path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if at == "write":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match="No space left"):
        write_ecg(sheet(3.0), path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_ecg(sheet(), tmp_path / "absent" / "signal.csv")


def test_importing_the_package_loads_no_format_library() -> None:
    code = "import sys, digitize.formats; print({'wfdb', 'pydicom', 'edfio', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
