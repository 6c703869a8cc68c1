from purereid.networks.backbones import load_pretrained  # noqa: F401
