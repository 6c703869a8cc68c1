"""BoT: the bag of tricks (Luo et al. 2019), the default encoder."""
