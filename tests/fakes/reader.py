"""A card reader that a test holds cards against; what was held waits until it is looked at."""

import queue

from device.ports import Sight


class HeldReader:
    """Shows each card once, and then that it is gone."""

    def __init__(self):
        self.sights = queue.SimpleQueue()

    def open(self):
        pass

    def look(self):
        try:
            return self.sights.get(timeout=0.02)
        except queue.Empty:
            return Sight()

    def hold(self, chip):
        for sight in (Sight(frozenset({bytes.fromhex(chip)})), Sight(removed=True)):
            self.sights.put(sight)

    def reset(self):
        pass

    def close(self):
        pass
