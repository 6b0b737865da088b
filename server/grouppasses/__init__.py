"""Group passes: tickets at the kansentarief for groups; they save no points."""
