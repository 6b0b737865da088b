"""What every capability stands on: the session and its one commit, errors, keys, ids, the audit trail."""
