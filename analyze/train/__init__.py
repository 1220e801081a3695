"""Training of the classifiers; the only place under analyze/ that imports torch and scikit-learn."""
