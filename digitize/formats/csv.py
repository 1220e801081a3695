"""Comma-separated values: ``time_s`` and one column a lead, millivolts, blank where there is no sample."""

from __future__ import annotations

import csv
import io

import numpy as np

from digitize.errors import UnreadableFile
from digitize.formats.leads import name_leads
from digitize.record import Ecg

DECIMALS = 4
"""Of a millivolt: 0.1 µV."""

_MAX_MV = 100.0
_TIME_NAMES = {"time_s", "time", "t", "time (s)", "time[s]", "seconds"}
_BLANK = {"", "nan", "na", "null", "none"}
_HINT = "The first row names the columns: time_s (seconds) and the leads (millivolts), such as time_s,I,II,III."


def encode(ecg: Ecg) -> bytes:
    """The signal as CSV text: header ``time_s,I,II,...``, millivolts to 0.1 µV, blank where there is no sample."""
    time_s = ecg.time_s
    time_digits = 3 if np.allclose(time_s * 1000, np.rint(time_s * 1000), rtol=0, atol=1e-6) else 9
    rows = np.round(ecg.signal_mv, DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["time_s", *ecg.leads])
    for at_s, row in zip(time_s.tolist(), rows.tolist(), strict=True):
        writer.writerow([f"{at_s:.{time_digits}f}", *("" if v != v else f"{v:.{DECIMALS}f}" for v in row)])
    return out.getvalue().encode()


def decode(data: bytes) -> Ecg:
    """The signal of CSV text.

    Any leads in any order; separated by comma, semicolon (then a decimal comma may be used) or tab.

    Raises
    ------
    UnreadableFile
        No text, no time column, uneven time, a value that is no number, or values too large for millivolts.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile("The file is no text.", _HINT) from error
    head = text[: text.find("\n")] if "\n" in text else text
    separator = max(",;\t", key=head.count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if any(cell.strip() for cell in row)]
    if not rows:
        raise UnreadableFile("The file is empty.", _HINT)
    names = [cell.strip() for cell in rows[0]]
    while names and not names[-1] and all(len(row) < len(names) or not row[len(names) - 1].strip() for row in rows):
        names.pop()  # a separator at the end of every row
    times = [k for k, name in enumerate(names) if name.lower() in _TIME_NAMES]
    if len(times) != 1 or len(names) < 2 or not all(names):
        raise UnreadableFile("The file has no header with one time column and the names of the leads.", _HINT)
    table = np.array([_numbers(row, len(names), separator, n) for n, row in enumerate(rows[1:], start=2)])
    if table.shape[0] < 2:
        raise UnreadableFile("The file has fewer than two rows of samples.", _HINT)
    signal_mv = np.delete(table, times[0], axis=1)
    if np.nanmax(np.abs(signal_mv), initial=0.0) > _MAX_MV:
        raise UnreadableFile("The values are too large for millivolts.", "Give millivolts, not microvolts or counts.")
    leads = name_leads([name for k, name in enumerate(names) if k != times[0]])
    return Ecg(signal_mv, _fs_hz(table[:, times[0]]), leads)


def _numbers(row: list[str], width: int, separator: str, line: int) -> list[float]:
    cells = [cell.strip() for cell in row[:width]]
    if separator != ",":
        cells = [cell.replace(",", ".") for cell in cells]
    try:
        values = [float("nan") if cell.lower() in _BLANK else float(cell) for cell in cells]
    except ValueError:
        raise UnreadableFile(f"Row {line} holds something that is no number.", _HINT) from None
    if len(row) < width or any(cell.strip() for cell in row[width:]) or any(abs(v) == float("inf") for v in values):
        raise UnreadableFile(f"Row {line} does not fit the header.", _HINT)
    return values


def _fs_hz(time_s: np.ndarray) -> float:
    """Sampling rate of an even time column."""
    step_s = (time_s[-1] - time_s[0]) / (time_s.size - 1)
    if not (step_s > 0 and np.all(np.abs(time_s - time_s[0] - step_s * np.arange(time_s.size)) < 0.5 * step_s)):
        raise UnreadableFile(
            "The time column does not rise evenly.", "Give one row a sample, at a fixed rate, in seconds."
        )
    return float(f"{1 / step_s:.7g}")
