"""What a camera makes of the light: blur, colour cast, gamma, contrast, noise."""

import cv2
import numpy as np

from purereid.people.camera import Camera, View
from purereid.people.draws import generator

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def expose(scene: np.ndarray, view: View) -> np.ndarray:
    """Turn a scene (float32 RGB [H, W, 3], 0..255 and brighter) into the camera's uint8 image."""
    camera = view.camera
    blurred = cv2.GaussianBlur(scene, (0, 0), camera.blur * view.height / 128)
    grey = cv2.transform(blurred, LUMA[None])
    coloured = cv2.addWeighted(blurred, camera.saturation, cv2.merge([grey] * 3), 1 - camera.saturation, 0)
    level = np.clip(coloured, 0, 255).astype(np.uint8)
    seen = cv2.LUT(level, _response(camera, view.exposure))
    rng = generator(view.noise_seed, 7)
    noise = rng.standard_normal(seen.shape, np.float32)
    return np.clip(cv2.scaleAdd(noise, camera.noise, seen), 0, 255).astype(np.uint8)


def _response(camera: Camera, exposure: float) -> np.ndarray:
    """Response curve of each colour channel, float32 [1, 256, 3] (grey level in, grey level out)."""
    light = np.linspace(0, 1, 256, dtype=np.float32)[:, None] * np.array(camera.gains, np.float32) * exposure
    curve = np.clip(light, 0, 1.2) ** camera.gamma
    curve = 0.45 + (curve - 0.45) * camera.contrast
    return (255 * (camera.haze + (1 - camera.haze) * curve)).astype(np.float32)[None]
