"""What zuilen speak: the edge of /device/v1, nothing else (`docs/protocol.md`)."""
