"""The subcommands of zuil-server, one file each."""
