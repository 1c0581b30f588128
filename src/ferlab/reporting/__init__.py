"""Many runs in one table: gathered, merged over seeds, judged, written for readers and machines."""
