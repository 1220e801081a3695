"""Every error Paperbeat raises on purpose, in one tree.

PaperbeatError
├── UsageError            exit 1   the call itself is wrong
├── InputError            exit 2   the input cannot be read as an ECG
│   ├── UnreadableFile    the bytes are no picture, PDF or signal file known here
│   ├── EncryptedFile     a PDF that needs a password
│   ├── FileTooLarge      more bytes, pixels or pages than the guard allows
│   ├── TooSmall          too few pixels to carry a trace
│   ├── NoEcgFound        a picture, but not of an ECG
│   ├── GridNotFound      something like a trace, but nothing that says how long a millimetre is
│   ├── TooBlurred        an ECG whose lines cannot be told apart
│   ├── PageCutOff        an ECG of which too much lies outside the picture
│   └── UnknownLayout     traces were found, but not which lead each one is
├── MissingPart           exit 3   an optional part is not installed
└── DownloadFailed        exit 4   a data set cannot be fetched, or not all of it

Each class carries what a caller needs: ``code`` (stable, machine-readable), ``exit_code`` for the command line and
``http_status`` for the server. Each instance carries ``message`` (what is wrong) and ``hint`` (what to do about it).
"""

from __future__ import annotations

from typing import ClassVar


class PaperbeatError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message : str
        What is wrong, in one sentence. Never holds recognised text or a patient's data.
    hint : str, optional
        What the person can do; the class's own hint when left out.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 2
    http_status: ClassVar[int] = 422
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = self.default_hint if hint is None else hint

    def __reduce__(self) -> tuple[type[PaperbeatError], tuple[str, str]]:
        return type(self), (self.message, self.hint)


class UsageError(PaperbeatError):
    code, exit_code, http_status = "usage", 1, 400
    default_hint = "See --help."


class InputError(PaperbeatError):
    code = "unusable_input"


class UnreadableFile(InputError):
    code, http_status = "unreadable_file", 415
    default_hint = "Give a JPEG, PNG, TIFF, WebP, HEIC or PDF of the page, or a signal file for `paperbeat analyze`."


class EncryptedFile(InputError):
    code = "encrypted_file"
    default_hint = "Remove the password first, for example by printing the PDF to a new file."


class FileTooLarge(InputError):
    code, http_status = "too_large", 413
    default_hint = "Send one page at a time, at most 100 megapixels and 64 MB."


class TooSmall(InputError):
    code = "too_small"
    default_hint = "Use the original picture, not a thumbnail: about 1000 pixels across the page or more."


class NoEcgFound(InputError):
    code = "no_ecg_found"
    default_hint = "Photograph the whole printed ECG from straight above, filling the frame."


class GridNotFound(InputError):
    code = "grid_not_found"
    default_hint = "Photograph the page closer, in even light, so that the grid lines can be seen."


class TooBlurred(InputError):
    code = "too_blurred"
    default_hint = "Hold the camera still, let it focus on the paper, and take the picture again."


class PageCutOff(InputError):
    code = "page_cut_off"
    default_hint = "Take the picture again with all four corners of the page inside the frame."


class UnknownLayout(InputError):
    code = "unknown_layout"
    default_hint = "Name the layout with --layout; `paperbeat read --help` lists those known."


class MissingPart(PaperbeatError):
    code, exit_code, http_status = "missing_part", 3, 501
    default_hint = "Run `paperbeat doctor` to see what is installed and how to get the rest."


class DownloadFailed(PaperbeatError):
    code, exit_code, http_status = "download_failed", 4, 502
    default_hint = "Check the network, and run the same command again: it goes on where it stopped."
