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
_UP_MV, _DOWN_MV = 0.8, 0.5  # shown at least
_MOST_MM = 32.0
_SHOWN = 8
_GROUPS = {"superclass": "superclass", "subclass": "of these, more closely", "rhythm": "rhythm"}
_FOR, _AGAINST = "#c9372c", "#2f6fb0"
_FAINTEST = 0.04


def name_called(opinion: Opinion) -> str:
    """What is called, as one line: superclasses first, each with its probability; the doubt, if any, before it."""
    called = ", ".join(f"{label.name} {label.probability:.0%}" for label in opinion.labels if label.positive)
    said = called or "nothing is called"
    return f"unsure, {opinion.unsure}; {said}" if opinion.unsure else said


def show_opinion(opinion: Opinion) -> str:
    """Every label with its probability and threshold, group beside group, those called set off."""
    groups = dict.fromkeys(label.group for label in opinion.labels)
    tables = "".join(_table(group, [label for label in opinion.labels if label.group == group]) for group in groups)
    doubt = f'<p class="also"><b>Unsure: {escape(opinion.unsure)}.</b></p>' if opinion.unsure else ""
    return (
        "<section><h2>What the classifier says (trained on PTB-XL; the rules do not use it)</h2>"
        f'{doubt}<div class="opinions">{tables}</div><p class="also">Bold: called, that is as likely as the threshold '
        "or likelier. Labels do not exclude one another. AUC: how well each is told from the rest on patients not "
        "trained on; 0.5 is chance.</p></section>"
    )


def _table(group: str, labels: list[LabelOpinion]) -> str:
    head = f"<tr><th>{escape(_GROUPS[group])}</th><th>probability</th><th>called from</th><th>AUC</th></tr>"
    return f'<table class="opinion">{head}{"".join(_row(label) for label in labels)}</table>'


def _row(label: LabelOpinion) -> str:
    mark = ' class="called"' if label.positive else ""
    name = f"{escape(label.name)} <small>{escape(label.code)}</small>"
    cells = (name, _percent(label.probability), _percent(label.threshold), f"{label.auc:.2f}")
    return f"<tr{mark}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _percent(share: float) -> str:
    """Whole percents, and neither 0 nor 100 of what is not certain."""
    return "&lt;1%" if share < 0.01 else "&gt;99%" if share > 0.99 else f"{share:.0%}"


def show_explanation(explanation: Explanation, home: dict[str, MarkedColumn]) -> str:
    """Twelve beats with each wave on red where it spoke for the label and on blue where against, and the weightiest."""
    strongest = max(abs(part.log_odds) for part in explanation.parts)
    up_mv, down_mv = _find_reach(home)
    worth = {(part.lead, part.wave): part.log_odds / max(strongest, 1e-9) for part in explanation.parts}
    beats = "".join(_draw_beat(lead, home[lead], worth, up_mv, down_mv) for lead in LEADS if lead in home)
    items = "".join(f"<li>{escape(describe_part(part))}</li>" for part in explanation.parts[:_SHOWN])
    return (
        f"<section><h2>What spoke for {escape(explanation.code)} (red) and against it (blue)</h2>"
        f'<div class="beats">{beats}</div><ul class="all">{items}</ul>'
        '<p class="also">Shapley values in log odds (+0.69 doubles the odds) with 95 % intervals of the estimate; all '
        f"of them lead from {explanation.start_log_odds:+.2f} with nothing seen to {explanation.log_odds:+.2f}. What "
        "speaks for a label here need not be what causes it.</p></section>"
    )


def describe_part(part: Part) -> str:
    """A player and what it is worth: ``V2 ST-T +0.61 ± 0.05``."""
    return f"{part.lead} {part.wave} {part.log_odds:+.2f} ± {1.96 * part.error:.2f}".strip()


def _find_reach(home: dict[str, MarkedColumn]) -> tuple[float, float]:
    """How far the beats reach above and below the QRS onset, in mV, so that none is cut off and all have one scale."""
    beats = [level_beat(at, lead) for lead, at in home.items() if lead in LEADS]
    held = np.concatenate([beat[np.isfinite(beat)] for beat in beats]) if beats else np.zeros(1)
    return max(_UP_MV, float(held.max()) + 0.1), max(_DOWN_MV, 0.1 - float(held.min()))


def _draw_beat(lead: str, at: MarkedColumn, worth: dict[tuple[str, str], float], up_mv: float, down_mv: float) -> str:
    mv, fs_hz = level_beat(at, lead), at.average.fs_hz
    x_mm = _BEFORE_MM + (np.arange(mv.size) - at.qrs_on) / fs_hz * _MM_PER_S
    end_mm = _BEFORE_MM + (at.qrs_off - at.qrs_on) / fs_hz * _MM_PER_S
    scale = min(_MM_PER_MV, _MOST_MM / (up_mv + down_mv))
    width, height, zero = _BEFORE_MM + _AFTER_MM, (up_mv + down_mv) * scale, up_mv * scale
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
    y_mm = zero - mv[inside] * scale
    line = " ".join(f"{x:.2f},{y:.2f}" for x, y in zip(x_mm[inside], y_mm, strict=True))
    return (
        f'<figure><svg viewBox="0 0 {width:g} {height:g}" style="width:{width:g}mm;height:{height:g}mm">'
        f'{"".join(shades)}<path class="b0" d="M0 {zero:g}H{width:g}"/><polyline class="bt" points="{line}"/></svg>'
        f"<figcaption><b>{escape(lead)}</b></figcaption></figure>"
    )
