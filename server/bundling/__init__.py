"""Making releases of the zuil's program: on the machine of who builds and signs them, never at the server."""
