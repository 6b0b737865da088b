"""What runs on the Raspberry Pi: the zuil."""

from typing import Final

VERSION: Final = "0.1.0"
