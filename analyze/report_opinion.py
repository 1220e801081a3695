"""The classifier's opinion as HTML, and the beats coloured by what spoke for a label and what against it."""

from __future__ import annotations

from html import escape

import numpy as np

from analyze.classify import LabelOpinion, Opinion
from analyze.explain import Explanation, Part
from analyze.levels import level_beat
from analyze.marked import MarkedColumn
from analyze.segments import WAVES
from digitize.record import LEADS

_BEFORE_MM, _AFTER_MM = 6.5, 13.5
_MM_PER_S, _MM_PER_MV = 25.0, 10.0
_UP_MV, _DOWN_MV = 1.4, 1.0
_SHOWN = 8
_FOR, _AGAINST = "#c9372c", "#2f6fb0"
_FAINTEST = 0.04


def name_called(opinion: Opinion) -> str:
    """What is called, as one line: superclasses first, each with its probability; the doubt, if any, before it."""
    called = ", ".join(f"{label.name} {label.probability:.0%}" for label in opinion.labels if label.positive)
    said = called or "nothing is called"
    return f"unsure, {opinion.unsure}; {said}" if opinion.unsure else said


def show_opinion(opinion: Opinion) -> str:
    """Every label with its probability and threshold, those called set off."""
    rows = "".join(_row(label) for label in opinion.labels)
    doubt = f'<p class="also"><b>Unsure: {escape(opinion.unsure)}.</b></p>' if opinion.unsure else ""
    return (
        "<section><h2>What the classifier says (trained on PTB-XL; the rules do not use it)</h2>"
        f'{doubt}<table class="opinion"><tr><th>code</th><th>label</th><th>probability</th><th>called from</th></tr>'
        f"{rows}</table></section>"
    )


def _row(label: LabelOpinion) -> str:
    mark = ' class="m"' if label.positive else ""
    cells = (label.code, label.name, f"{label.probability:.0%}", f"{label.threshold:.0%}")
    return f"<tr{mark}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def show_explanation(explanation: Explanation, home: dict[str, MarkedColumn]) -> str:
    """Twelve beats with each wave on red where it spoke for the label and on blue where against, and the weightiest."""
    strongest = max(abs(part.log_odds) for part in explanation.parts)
    worth = {(part.lead, part.wave): part.log_odds / max(strongest, 1e-9) for part in explanation.parts}
    beats = "".join(_draw_beat(lead, home[lead], worth) for lead in LEADS if lead in home)
    items = "".join(f"<li>{escape(describe_part(part))}</li>" for part in explanation.parts[:_SHOWN])
    return (
        f"<section><h2>What spoke for {escape(explanation.code)} (red) and against it (blue)</h2>"
        f'<div class="beats">{beats}</div><ul class="all">{items}</ul>'
        f'<p class="also">Shapley values in log odds; all of them lead from {explanation.start_log_odds:+.2f} with '
        f"nothing seen to {explanation.log_odds:+.2f}.</p></section>"
    )


def describe_part(part: Part) -> str:
    """A player and what it is worth: ``V2 ST-T +0.61 ± 0.05``."""
    return f"{part.lead} {part.wave} {part.log_odds:+.2f} ± {1.96 * part.error:.2f}".strip()


def _draw_beat(lead: str, at: MarkedColumn, worth: dict[tuple[str, str], float]) -> str:
    mv, fs_hz = level_beat(at, lead), at.average.fs_hz
    x_mm = _BEFORE_MM + (np.arange(mv.size) - at.qrs_on) / fs_hz * _MM_PER_S
    end_mm = _BEFORE_MM + (at.qrs_off - at.qrs_on) / fs_hz * _MM_PER_S
    width, height, zero = _BEFORE_MM + _AFTER_MM, (_UP_MV + _DOWN_MV) * _MM_PER_MV, _UP_MV * _MM_PER_MV
    edges = (0.0, _BEFORE_MM, end_mm, width)
    shades = []
    for wave, left, right in zip(WAVES, edges, edges[1:], strict=False):
        share = worth.get((lead, wave), 0.0)
        if abs(share) >= _FAINTEST:
            colour = _FOR if share > 0 else _AGAINST
            shades.append(
                f'<rect x="{left:.2f}" y="0" width="{right - left:.2f}" height="{height:g}" fill="{colour}" '
                f'opacity="{0.65 * abs(share):.2f}"/>'
            )
    inside = (x_mm >= 0) & (x_mm <= width) & np.isfinite(mv)
    y_mm = np.clip(zero - mv[inside] * _MM_PER_MV, 0, height)
    line = " ".join(f"{x:.2f},{y:.2f}" for x, y in zip(x_mm[inside], y_mm, strict=True))
    return (
        f'<figure><svg viewBox="0 0 {width:g} {height:g}" style="width:{width:g}mm;height:{height:g}mm">'
        f'{"".join(shades)}<path class="b0" d="M0 {zero:g}H{width:g}"/><polyline class="bt" points="{line}"/></svg>'
        f"<figcaption><b>{escape(lead)}</b></figcaption></figure>"
    )
