"""Networks by role: contracts, files, which systems there are, backbones."""
