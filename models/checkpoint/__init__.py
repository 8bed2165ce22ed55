"""Converts one file in the original Stable Diffusion layout to a diffusers folder, and back.

`names` maps the tensors, `inference_yaml` the configs, `files` reads and writes safely,
`companions` keeps licence and card with the file; `exporting` and `importing` are the two commands.
"""
