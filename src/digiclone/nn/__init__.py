"""The networks that recipes in `digiclone.train` train, in torch. The runtime runs their ONNX."""
