"""Public data sets of ECGs, read in the form in which PhysioNet publishes them.

Each data set has a module with ``records(folder)``, which lists a folder without reading signals; :func:`load` reads
the signal of one entry, so that a data set of any size can be streamed. A part of a data set is read as what it is.

=================================  ============================================================================
:mod:`digitize.datasets.ptbxl`     PTB-XL: SCP-ECG statements, superclasses, subclasses, rhythms, reports
:mod:`digitize.datasets.mitbih`    MIT-BIH: ``beats`` by AAMI class, ``rhythms``, the DS1/DS2 split
:mod:`digitize.datasets.cinc`      CinC Challenges 2020 and 2021: SNOMED CT codes and what PTB-XL calls the same
:mod:`digitize.datasets.ludb`      LUDB: ``fiducials`` of every lead, diagnoses
=================================  ============================================================================
"""

from digitize.datasets.entry import OVER_89_Y, Entry, Listing, load
from digitize.datasets.split import split_by_patient

__all__ = ["OVER_89_Y", "Entry", "Listing", "load", "split_by_patient"]
