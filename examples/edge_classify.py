"""Classify an ECG where nothing but numpy and ai-edge-litert is installed: a Raspberry Pi, a phone, a small board.

    pip install numpy ai-edge-litert
    python edge_classify.py edge.tflite beat.npy

`paperbeat export --tflite edge.tflite --input ecg.csv beat.npy` writes both files and the card edge.tflite.json; an
Android app asks LiteRT's Interpreter the same with the same arrays. Not a medical device.
"""

import json
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def classify(model: Path, beat: np.ndarray) -> np.ndarray:
    """Probability of each label, shape (labels,), of one ECG's beats (1, 24, 160), float32."""
    interpreter = Interpreter(model_path=str(model), num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], beat)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]


def main() -> None:
    model, beat = Path(sys.argv[1]), np.load(sys.argv[2])
    card = json.loads(Path(f"{model}.json").read_text(encoding="utf-8"))
    if beat.dtype != np.float32 or list(beat.shape) != card["input"]["shape"]:
        sys.exit(f"{sys.argv[2]} must be float32 of shape {card['input']['shape']}")
    leads = int(beat[0, 12:].any(axis=1).sum())
    if leads < card["unsure_below_leads"]:
        print(f"unsure: {leads} leads show a beat")
    for label, p in zip(card["labels"], classify(model, beat), strict=True):
        print(f"{'*' if p >= label['threshold'] else ' '} {p:5.3f}  {label['code']:10} {label['name']}")


if __name__ == "__main__":
    main()
