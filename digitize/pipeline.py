"""The order of the stages, readable on one screen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from digitize.assemble import assemble
from digitize.bare import fit_bare
from digitize.blas import one_blas_thread
from digitize.calibrate import calibrate, refuse_unusual
from digitize.errors import GridNotFound
from digitize.flatten import flatten, keep_page, measure_scale
from digitize.follow import follow_panels, leave_pulse
from digitize.frames import drop_frames
from digitize.header import parse_header
from digitize.ink import separate_ink
from digitize.labelframes import drop_label_frames
from digitize.lattice import fit_lattice
from digitize.layout import recognise_layout
from digitize.leftover import tell_left_out
from digitize.likebeats import share_beats
from digitize.load import load
from digitize.pulse import find_pulse
from digitize.reconcile import measure_misfit, obey_einthoven
from digitize.record import Hints, Patient
from digitize.speed import doubt_print, doubt_speed
from digitize.stages import Digitization, Lattice, Photo, Status
from digitize.strips import name_strips
from digitize.text import read_words
from digitize.trace import trace_panels
from digitize.upright import turn_upright
from digitize.verify import (
    check_crossings,
    check_ink,
    check_lattice,
    check_panels,
    check_picture,
    check_scale,
    check_signal,
    rename_leads,
)

UNREAD = frozenset(
    {
        "lead_unreadable",
        "lead_partial",
        "lead_cut_off",
        "lead_not_found",
        "grid_not_square",
        "grid_absent",
        "strip_unreadable",
        "strip_unnamed",
        "trace_left_out",
        "rows_meet",
        "gain_assumed",
        "gains_mixed",
        "speed_doubtful",
        "speed_conflict",
    }
)
"""Notes that make a reading partial: something that is printed could not be read, not told from its neighbour, or its
gain or its speed is not known."""


Tracer = Literal["network", "classical"]
TRACERS: tuple[Tracer, ...] = ("network", "classical")


def digitize(
    source: str | Path | bytes, hints: Hints | None = None, page: int = 1, tracer: Tracer = "network"
) -> Digitization:
    """Read a picture of a paper ECG.

    Parameters
    ----------
    source : path or bytes
        JPEG, PNG, TIFF, WebP, HEIC, PDF or DICOM.
    hints : Hints, optional
        What a person knows better than the page shows.
    page : int
        Page of a file with several, from 1.
    tracer : {"network", "classical"}
        What follows the pen: the trained network, or the way that needs no training, to compare.

    Returns
    -------
    Digitization

    Raises
    ------
    InputError
        When the picture cannot be read as an ECG: its ``code`` and ``hint`` say why and what to do.
    """
    return read_photo(load(source, page), hints or Hints(), tracer)


@one_blas_thread()
def read_photo(photo: Photo, hints: Hints, tracer: Tracer = "network") -> Digitization:
    """Read one picture already loaded; see `digitize`."""
    clock = Clock()
    with clock("lattice"):
        check_picture(photo)
        shown = keep_page(photo, hints.corners_px)
        lattice = lay_lattice(shown, hints)
        check_scale(measure_scale(lattice))
    with clock("flatten"):
        sheet = flatten(shown, lattice)
    with clock("ink"):
        ink = drop_frames(separate_ink(sheet), sheet.px_per_mm)
        check_ink(sheet, ink)
    with clock("labels"):
        lattice, sheet, ink, labels, mirrored = turn_upright(lattice, sheet, ink)
        sheet, ink = drop_label_frames(sheet, ink, labels)
    # The text engine is a program of its own: it reads while the traces are followed.
    with ThreadPoolExecutor(1) as beside:
        reading = beside.submit(read_words, ink.trace, sheet.px_per_mm)
        with clock("layout"):
            found = recognise_layout(ink.trace, sheet.px_per_mm, labels, hints.layout, ink.sure)
            layout = rename_leads(found, hints)
            cut = (*check_panels(layout, sheet), *tell_left_out(layout))
            pulse = find_pulse(ink.trace, sheet.px_per_mm, layout)
        with clock("trace"):
            if tracer == "network":
                curves = leave_pulse(follow_panels(sheet, ink, layout), ink.trace, sheet.px_per_mm, pulse)
            else:
                curves = trace_panels(ink, sheet.px_per_mm, layout, labels)
            layout, curves, renamed = name_strips(layout, curves)
        with clock("text"):
            words = reading.result()
    with clock("calibrate"):
        facts, misread = doubt_print(parse_header(words), layout)
        if lattice.source == "pulse":
            refuse_unusual(facts, hints)
        calibration, assumed = calibrate(pulse, facts, hints)
    with clock("assemble"):
        read, quality, unread = assemble(curves, calibration, layout)
        width_mm = pulse.width_mm if pulse and not pulse.stair else None
        slow = doubt_speed(calibration, layout, read, facts.heart_rate_bpm, width_mm)
        doubts = (*check_crossings(curves), *check_signal(read, quality), *slow)
        ecg = share_beats(obey_einthoven(read), measure_misfit(read))
    patient = choose_patient(hints.patient, Patient(facts.age_y, facts.sex, "printed"))
    notes = (*mirrored, *check_lattice(lattice), *cut, *renamed, *unread, *doubts, *misread, *assumed)
    status: Status = "partial" if any(note.code in UNREAD for note in notes) else "ok"
    return Digitization(
        ecg=ecg,
        photo=photo,
        lattice=lattice,
        sheet=sheet,
        layout=layout,
        calibration=calibration,
        curves=curves,
        words=(*labels, *words),
        patient=patient,
        quality=quality,
        notes=notes,
        timings_s=clock.timings_s,
        status=status,
    )


def lay_lattice(photo: Photo, hints: Hints) -> Lattice:
    """Millimetres by the grid, or where none is left by the calibration pulses."""
    try:
        return fit_lattice(photo)
    except GridNotFound:
        return fit_bare(photo, hints.speed_mm_per_s or 25.0, hints.gain_mm_per_mv or 10.0)


def choose_patient(hinted: Patient, printed: Patient) -> Patient:
    """Age and sex as a person gave them, else as printed."""
    age_y = printed.age_y if hinted.age_y is None else hinted.age_y
    sex = printed.sex if hinted.sex is None else hinted.sex
    if age_y is None and sex is None:
        return Patient()
    hint = hinted.age_y is not None or hinted.sex is not None
    print_adds = (age_y, sex) != (hinted.age_y, hinted.sex)
    source = " and ".join(name for name, used in (("hint", hint), ("printed", print_adds)) if used)
    return replace(hinted, age_y=age_y, sex=sex, source=source)


class Clock:
    """Seconds spent in each named stage."""

    def __init__(self) -> None:
        self.timings_s: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.timings_s[stage] = time.perf_counter() - start
