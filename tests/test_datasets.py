"""The loaders of public data sets: invented folders in the published form, and the real ones where they are."""

from __future__ import annotations

import csv
import os
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digitize.datasets import OVER_89_Y, cinc, load, ludb, mitbih, ptbxl, split_by_patient
from digitize.datasets.catalogue import catalogue, find_dataset, loader_of
from digitize.datasets.entry import to_age_y, to_sex
from digitize.datasets.published import PublishedFile, choose, parse_sums
from digitize.datasets.summary import summarise
from digitize.errors import DownloadFailed, UnreadableFile, UsageError
from digitize.formats import write_ecg
from digitize.record import LEADS, Ecg
from digitize.synth.heart import simulate

REAL = Path(os.environ.get("PAPERBEAT_DATA") or Path(__file__).parents[2] / "shared" / "data")
SUM = "0" * 64


def write_record(path: Path, leads: tuple[str, ...] = LEADS, seed: int = 0) -> Ecg:
    """A simulated heart with these leads only, as WFDB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    heart = simulate("normal", seed=seed).ecg
    ecg = Ecg(np.stack([heart.lead(lead) for lead in leads], axis=1), heart.fs_hz, leads)
    write_ecg(ecg, path)
    return heart


def annotate(header: Path, ending: str, at: list[int], symbols: str, **other: Any) -> None:
    with warnings.catch_warnings():  # the package warns of its own dependencies
        warnings.simplefilter("ignore")
        import wfdb

        wfdb.wrann(header.stem, ending, np.array(at), list(symbols), write_dir=str(header.parent), **other)


def write_table(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]))
        table.writeheader()
        table.writerows(rows)


STATEMENTS = [
    {"": "NORM", "description": "normal ECG", "diagnostic": "1.0", "form": "", "rhythm": "",
     "diagnostic_class": "NORM", "diagnostic_subclass": "NORM"},
    {"": "IMI", "description": "inferior myocardial infarction", "diagnostic": "1.0", "form": "", "rhythm": "",
     "diagnostic_class": "MI", "diagnostic_subclass": "IMI"},
    {"": "NDT", "description": "non-diagnostic T abnormalities", "diagnostic": "1.0", "form": "1.0", "rhythm": "",
     "diagnostic_class": "STTC", "diagnostic_subclass": "STTC"},
    {"": "SR", "description": "sinus rhythm", "diagnostic": "", "form": "", "rhythm": "1.0",
     "diagnostic_class": "", "diagnostic_subclass": ""},
]  # fmt: skip


def ptbxl_row(ecg_id: int, codes: str, **other: str) -> dict[str, str]:
    name = f"{ecg_id:05d}"
    usual = {
        "ecg_id": str(ecg_id), "patient_id": f"{ecg_id + 100}.0", "age": "56.0", "sex": "1", "report": "sinusrhythmus",
        "scp_codes": codes, "infarction_stadium1": "", "infarction_stadium2": "", "strat_fold": "3",
        "filename_lr": f"records100/00000/{name}_lr", "filename_hr": f"records500/00000/{name}_hr",
    }  # fmt: skip
    return usual | other


@pytest.fixture
def ptbxl_folder(tmp_path: Path) -> Path:
    write_table(tmp_path / "scp_statements.csv", STATEMENTS)
    rows = [
        ptbxl_row(1, "{'NORM': 100.0, 'SR': 0.0}"),
        ptbxl_row(2, "{'IMI': 15.0, 'NDT': 80.0}", age="300.0", sex="0", infarction_stadium1="Stadium II-III"),
        ptbxl_row(3, "{'NORM': 80.0}", patient_id="101.0", age="", sex=""),
        ptbxl_row(4, "{'NORM': 100.0}"),
    ]
    write_table(tmp_path / "ptbxl_database.csv", rows)
    for k in (1, 2, 3):  # the fourth is listed, but not here
        write_record(tmp_path / f"records500/00000/{k:05d}_hr.hea", ("I", "II", *LEADS[6:]), seed=k)
    return tmp_path


def test_ptbxl_says_who_and_what(ptbxl_folder: Path) -> None:
    one, two, three = listing = ptbxl.records(ptbxl_folder)
    assert listing.missing == 1
    assert (one.record_id, one.patient_id, one.age_y, one.sex, one.fold) == ("1", "101", 56.0, "female", 3)
    assert (one.superclasses, one.rhythms, one.labels) == (("NORM",), ("SR",), ("NORM", "SR"))
    assert (two.age_y, two.sex) == (OVER_89_Y, "male")
    assert (two.superclasses, two.subclasses, two.forms) == (("MI", "STTC"), ("IMI", "STTC"), ("NDT",))
    assert two.infarction_stadium == ("Stadium II-III",)
    assert (three.patient_id, three.age_y, three.sex) == ("101", None, None)
    sure = ptbxl.records(ptbxl_folder, min_likelihood_percent=50)[1]
    assert sure.superclasses == ("STTC",) and sure.labels == two.labels
    assert ptbxl.tally(listing)["superclass"] == {"NORM": 2, "MI": 1, "STTC": 1}
    assert summarise(listing)["age"] == {"50-59": 1, "90 and over": 1, "unknown": 1}


def test_eight_leads_become_twelve(ptbxl_folder: Path) -> None:
    ecg, heart = load(ptbxl.records(ptbxl_folder)[0]), simulate("normal", seed=1).ecg
    assert ecg.leads == LEADS
    assert np.allclose(ecg.lead("III"), ecg.lead("II") - ecg.lead("I"))
    for lead in ("III", "aVR", "aVL", "aVF", "V6"):  # files keep whole microvolts
        assert np.abs(ecg.lead(lead) - heart.lead(lead)).max() < 0.005


@pytest.mark.parametrize("codes", ["{'NORM': 100.0", "{'NORM': 'high'}", "[1, 2]"])
def test_a_damaged_row_is_named(ptbxl_folder: Path, codes: str) -> None:
    write_table(ptbxl_folder / "ptbxl_database.csv", [ptbxl_row(1, codes)])
    with pytest.raises(UnreadableFile, match=r"Row 2 of ptbxl_database\.csv"):
        ptbxl.records(ptbxl_folder)


def test_a_list_without_files_says_how_to_get_them(ptbxl_folder: Path) -> None:
    write_table(ptbxl_folder / "ptbxl_database.csv", [ptbxl_row(9, "{'NORM': 100.0}")])
    with pytest.raises(UnreadableFile, match="lists 1 records") as caught:
        ptbxl.records(ptbxl_folder)
    assert "data get ptb-xl" in str(caught.value.hint)


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_an_empty_folder_is_no_data_set(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFile, match="no copy of"):
        loader_of(name).records(tmp_path)


@pytest.fixture
def mitbih_folder(tmp_path: Path) -> Path:
    for name in ("100", "201", "202"):
        write_record(tmp_path / f"{name}.hea", ("II", "V1"))
        header = tmp_path / f"{name}.hea"
        header.write_text(header.read_text() + "# 69 M 1085 1629 x1\n# Aldomet, Inderal\n")
        notes = ["(N", "", "", "", "(AFIB", ""]
        annotate(header, "atr", [10, 200, 600, 1000, 1500, 2000], "+NVA+/", aux_note=notes)
    return tmp_path


def test_mitbih_beats_rhythms_and_split(mitbih_folder: Path) -> None:
    listing = mitbih.records(mitbih_folder)
    one, first, second = listing
    assert listing.missing == 45
    assert (one.age_y, one.sex, one.split, one.labels) == (69.0, "male", "DS2", ())
    assert (first.split, second.split) == ("DS1", "DS2")
    assert first.patient_id == second.patient_id == "201"
    beats = mitbih.beats(one)
    assert beats.sample.tolist() == [200, 600, 1000, 2000]
    assert "".join(beats.symbol) == "NVA/" and "".join(beats.aami) == "NVSQ"
    assert mitbih.rhythms(one) == (mitbih.Rhythm(10, 1500, "N"), mitbih.Rhythm(1500, 5000, "AFIB"))
    counts = mitbih.tally(listing)
    assert counts["beats"] == {"N": 3, "V": 3, "S": 3, "Q": 3}
    assert counts["beats DS1"]["V"] == 1 and counts["rhythm"] == {"N": 3, "AFIB": 3}


def test_the_split_of_mitbih_is_whole() -> None:
    sides = mitbih._splits()
    assert Counter(sides.values()) == {"DS1": 22, "DS2": 22, "paced": 4}


def test_annotations_that_are_gone_are_told(mitbih_folder: Path) -> None:
    entry = mitbih.records(mitbih_folder)[0]
    (mitbih_folder / "100.atr").unlink()
    with pytest.raises(UnreadableFile, match="annotations of record 100"):
        mitbih.beats(entry)


def write_cinc(folder: Path, name: str, about: str) -> None:
    write_record(folder / f"{name}.hea")
    header = folder / f"{name}.hea"
    header.write_text(header.read_text() + about)
    (folder / f"{name}.dat").rename(folder / f"{name}.mat")


def test_cinc_codes_become_classes(tmp_path: Path) -> None:
    write_cinc(tmp_path / "training/georgia/g1", "E00001", "#Age: 74\n#Sex: Male\n#Dx: 270492004,164889003\n")
    write_cinc(tmp_path / "training/cpsc", "A0001", "# Age: NaN\n# Sex: Unknown\n# Dx: 426783006\n")
    write_record(tmp_path / "other.hea")  # no record of the challenge: it has no diagnoses
    (tmp_path / "training/cpsc/RECORDS").write_text("A0001\nA0002\ng1/\n")
    listing = cinc.records(tmp_path)
    normal, block = listing
    assert listing.missing == 2  # A0002, and the other one's .mat
    assert (block.source, block.age_y, block.sex) == ("Georgia", 74.0, "male")
    assert (block.labels, block.scored) == (("270492004", "164889003"), ("AF", "IAVB"))
    assert (block.scp, block.superclasses) == (("1AVB", "AFIB"), ("CD",))
    assert (normal.age_y, normal.sex, normal.superclasses) == (None, None, ("NORM",))


def test_every_snomed_statement_has_a_class_of_ptbxl_or_none() -> None:
    for code, statement in cinc.snomed().items():
        assert code.isdigit() and statement.name and statement.short
        assert statement.superclass in ("", *ptbxl.SUPERCLASSES)
        assert statement.superclass or not statement.subclass
    assert len({statement.scored for statement in cinc.snomed().values()} - {""}) == 26


@pytest.fixture
def ludb_folder(tmp_path: Path) -> Path:
    about = {"ID": "1", "Sex": "F\n", "Age": ">89\n", "Rhythms": "Sinus rhythm"}
    about["Ischemia"] = "STEMI: septal\nSTEMI: apical"
    write_table(tmp_path / "ludb.csv", [about, about | {"ID": "2"}])
    write_record(tmp_path / "data" / "1.hea")
    annotate(tmp_path / "data" / "1.hea", "ii", [50, 60, 70, 100, 110, 120, 180], "(p)(N)t", fs=500)
    return tmp_path


def test_ludb_waves_lead_by_lead(ludb_folder: Path) -> None:
    listing = ludb.records(ludb_folder)
    entry = listing[0]
    assert (listing.missing, entry.age_y, entry.sex) == (1, OVER_89_Y, "female")
    assert entry.diagnoses == {"Rhythms": ("Sinus rhythm",), "Ischemia": ("STEMI: septal", "STEMI: apical")}
    waves = ludb.fiducials(entry)
    assert list(waves) == ["II"]
    assert [waves["II"].p.on_s[0], waves["II"].p.peak_s[0], waves["II"].p.off_s[0]] == [0.1, 0.12, 0.14]
    assert waves["II"].qrs.peak_s.tolist() == [0.22]
    assert waves["II"].t.peak_s.tolist() == [0.36] and np.isnan(waves["II"].t.on_s).all()
    assert ludb.tally(listing)["Ischemia"] == {"STEMI: septal": 1, "STEMI: apical": 1}


@pytest.mark.parametrize(
    ("written", "age_y"),
    [("56.0", 56.0), ("300", OVER_89_Y), ("> 89\n", OVER_89_Y), ("NaN", None), ("", None), ("-1", None), ("0", 0.0)],
)
def test_ages_as_data_sets_write_them(written: str, age_y: float | None) -> None:
    assert to_age_y(written) == age_y


def test_sexes_as_data_sets_write_them() -> None:
    assert [to_sex(word) for word in ("M", " Female\n", "Unknown", "")] == ["male", "female", None, None]


def entries(labels: Iterable[tuple[str, tuple[str, ...]]]) -> list[ptbxl.Entry]:
    here = Path()
    return [ptbxl.Entry(str(k), here, patient, None, None, names, None) for k, (patient, names) in enumerate(labels)]


def test_folds_part_no_patient_and_spread_the_rare() -> None:
    rng = np.random.default_rng(5)
    who = [(f"p{rng.integers(120)}", ("rare",) if k % 20 == 0 else ("common",)) for k in range(300)]
    some = entries(who)
    folds = split_by_patient(some, 5, seed=1)
    side: dict[str, int] = {}
    assert all(
        side.setdefault(entry.patient_id, fold) == fold for entry, fold in zip(some, folds.tolist(), strict=True)
    )
    rare = np.bincount(folds[[entry.labels == ("rare",) for entry in some]], minlength=5)
    assert rare.min() >= 2 and rare.max() <= 4
    assert np.bincount(folds, minlength=5).min() > 45
    assert np.array_equal(folds, split_by_patient(some, 5, seed=1))
    assert not np.array_equal(folds, split_by_patient(some, 5, seed=2))
    with pytest.raises(ValueError, match="cannot be divided"):
        split_by_patient(some[:2], 3, seed=1)


def test_a_listing_leads_nowhere_else() -> None:
    listed = parse_sums(f"{SUM} ./RECORDS\n{SUM.replace('0', 'A')} *data/1.avf\n\n")
    assert listed == (PublishedFile("RECORDS", SUM), PublishedFile("data/1.avf", "a" * 64))
    for path in ("../x", "/etc/x", "a//b", "a/./b", "a\\b", "C:x", "a/ b", "..", "a/\x1b[2J"):
        with pytest.raises(DownloadFailed, match="Line 1"):
            parse_sums(f"{SUM}  {path}\n")
    for text in ("", "<html>\n"):
        with pytest.raises(DownloadFailed):
            parse_sums(text)


def test_what_is_wanted_of_a_listing() -> None:
    names = ["LICENSE.txt", *(f"{part}/{k}{end}" for part in ("a", "b") for k in (1, 2) for end in (".hea", ".dat"))]
    published = [PublishedFile(name, SUM) for name in [*names, "b/readme.txt"]]

    def wanted(only: list[str], records: int | None) -> list[str]:
        return [file.path for file in choose(published, only, records)]

    assert wanted([], None) == [*names, "b/readme.txt"]
    assert wanted([], 1) == ["LICENSE.txt", "a/1.hea", "a/1.dat"]
    assert wanted(["b/*"], None) == ["LICENSE.txt", *names[5:], "b/readme.txt"]
    assert wanted(["b/*"], 1) == ["LICENSE.txt", "b/1.hea", "b/1.dat"]
    with pytest.raises(UsageError, match="No file"):
        wanted(["c/*"], None)


def test_the_catalogue_names_what_can_be_read() -> None:
    for name, dataset in catalogue().items():
        assert dataset.records > 0 and dataset.licence and not dataset.path.startswith("/")
        assert loader_of(name).records is not None
    with pytest.raises(UsageError, match="no data set"):
        find_dataset("ptb")


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_real_records_are_read(name: str) -> None:
    folder = REAL / name
    if not folder.is_dir():
        pytest.skip(f"no {name} in PAPERBEAT_DATA")
    loader = loader_of(name)
    listing = loader.records(folder)
    assert sum(entry.sex is not None for entry in listing) > 0.9 * len(listing)
    leads = 2 if name == "mit-bih" else 12
    for entry in (listing[0], listing[len(listing) // 2], listing[len(listing) - 1]):
        ecg = load(entry)
        assert ecg.signal_mv.shape[1] == leads
        assert 0.01 < np.nanstd(ecg.signal_mv) < 3
    if name != "mit-bih":  # its counts are of all annotations: slow
        assert all(counts.total() for counts in loader.tally(listing).values())
