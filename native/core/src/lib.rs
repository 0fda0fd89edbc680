//! Pure analysis: no clock, files, sockets or threads.
