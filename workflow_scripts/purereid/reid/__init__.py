"""The reID model: backbones, losses, recipe, training, features, evaluation."""
