"""EDF+ at 1 µV.

EDF knows no missing sample: where there is none stands the smallest count (-32768 µV, a rail that nobody takes for a
heart) and an annotation ``not printed: LEAD`` covers the stretch. The file holds whole seconds; the last one is filled
up in the same way and an annotation ``end of signal`` tells where. Reading takes both back out, and nothing out of
files without that annotation.
"""

from __future__ import annotations

import io

import numpy as np

from digitize.errors import UnreadableFile, UsageError
from digitize.formats.leads import name_leads
from digitize.formats.microvolts import BLANK, mv_per, to_counts
from digitize.record import Ecg
from digitize.runs import find_runs

_GAP = "not printed: "
_END = "end of signal"


def encode(ecg: Ecg) -> bytes:
    """An EDF+ file without patient or date.

    Raises
    ------
    UsageError
        A rate that is no whole number, no sample, or a sample beyond ±32.767 mV.
    """
    from edfio import Edf, EdfAnnotation, EdfSignal

    if ecg.fs_hz != round(ecg.fs_hz):
        raise UsageError("EDF holds whole seconds, so a whole number of samples a second.", "Write .csv or .npz.")
    counts = to_counts(ecg)
    if not counts.size:
        raise UsageError("There is no sample to write.", "Write a signal of one lead and one sample at least.")
    filled = np.pad(counts, ((0, -counts.shape[0] % round(ecg.fs_hz)), (0, 0)), constant_values=BLANK)
    signals = [
        EdfSignal.from_digital(
            np.ascontiguousarray(filled[:, column]),
            ecg.fs_hz,
            label=f"ECG {lead}"[:16],
            physical_dimension="uV",
            physical_range=(-32768, 32767),
            digital_range=(-32768, 32767),
        )
        for column, lead in enumerate(ecg.leads)
    ]
    marks = [EdfAnnotation(ecg.duration_s, None, _END)]
    for column, lead in enumerate(ecg.leads):
        for begin, end in find_runs(counts[:, column] == BLANK):
            marks.append(EdfAnnotation(begin / ecg.fs_hz, (end - begin) / ecg.fs_hz, _GAP + lead))
    return Edf(signals, data_record_duration=1, annotations=sorted(marks, key=lambda mark: mark.onset)).to_bytes()


def decode(data: bytes) -> Ecg:
    """The ECG of an EDF file: the channels that are voltages, at the rate that most of them have.

    Raises
    ------
    UnreadableFile
        No EDF, or no channel is a voltage.
    """
    from edfio import read_edf

    edf = read_edf(io.BytesIO(data))
    channels = [(signal, mv_per(signal.physical_dimension)) for signal in edf.signals]
    rates = [signal.sampling_frequency for signal, scale in channels if scale is not None]
    if not rates:
        raise UnreadableFile("No channel of the EDF file is a voltage.", "Give a file whose channels are in mV or uV.")
    fs_hz = max(dict.fromkeys(rates), key=rates.count)
    kept = [(s, scale) for s, scale in channels if scale is not None and s.sampling_frequency == fs_hz]
    signal_mv = np.stack([np.asarray(signal.data, np.float64) * scale for signal, scale in kept], axis=1)
    ends = [mark.onset for mark in edf.annotations if mark.text == _END]
    if ends:  # written by Paperbeat
        signal_mv[np.stack([signal.digital == BLANK for signal, _ in kept], axis=1)] = np.nan
        signal_mv = signal_mv[: round(ends[0] * fs_hz)]
    return Ecg(signal_mv, float(fs_hz), name_leads([signal.label for signal, _ in kept]))
