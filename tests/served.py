"""The page on which photographs are dropped, served for tests with a stand-in for a model."""

import contextlib
import threading

import numpy as np

from wastelib.data.images import read_rgb
from wastelib.explore.expert import Opinion
from wastelib.explore.server import serve

CLASSES = ("Glass", "<b>Metal</b> & co")
ABOUT = {"data": "Trained on <i>tests</i>", "model": "a stand-in", "threshold": 0.8}
ABOUT |= {"wanted_accuracy": 0.9}


class Brightness:
    """Bright photographs are surely glass, dark ones surely metal; of grey ones it says nothing."""

    def asked(self, file):
        photograph = read_rgb(file)
        bright = float(photograph.mean()) / 255
        shares = np.array([bright, 1 - bright])
        sure = shares.max() >= ABOUT["threshold"]
        answer = CLASSES[int(shares.argmax())] if sure else None
        return Opinion(CLASSES, shares, answer, photograph, np.ones((4, 4)))


@contextlib.contextmanager
def running():
    """Yield the server; its `address` is where it is reached."""
    server = serve(Brightness(), ABOUT, port=0)
    server.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
