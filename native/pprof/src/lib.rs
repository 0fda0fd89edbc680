//! pprof codec: bytes to a checked, columnar profile and back; knows nothing of gopls.
