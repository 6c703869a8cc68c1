"""FD-GAN: an encoder that keeps who a person is and drops the pose (Ge et al. 2018)."""
