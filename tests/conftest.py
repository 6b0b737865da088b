"""What holds for every test."""

from hypothesis import settings

# How long an example takes says how busy the machine is; speed is measured by `make bench`.
settings.register_profile("zuil", deadline=None)
settings.load_profile("zuil")
