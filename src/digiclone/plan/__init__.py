"""Which models, in which form, on this device: chosen by search over what they are predicted to cost."""
