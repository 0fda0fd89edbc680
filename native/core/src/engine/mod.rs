//! Stall detection.

pub mod load;
pub mod memory;
pub mod methods;
pub mod requests;
