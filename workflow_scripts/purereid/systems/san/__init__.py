"""SAN: semantics aligned by textures (Jin et al., AAAI 2020)."""
