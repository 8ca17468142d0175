"""Speech straight into the language model: what a bridge learns from, and what it is measured by."""
