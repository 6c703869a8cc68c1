"""DG-Net: one network that recognises and generates (Zheng et al. 2019)."""
