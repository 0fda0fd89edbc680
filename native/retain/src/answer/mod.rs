//! What can be asked about a heap that has been analysed.

pub mod check;
pub mod holders;
pub mod kept;
pub mod names;
pub mod page;
pub mod parts;
pub mod profile;
pub mod questions;
pub mod report;
pub mod saved;
pub mod tree;
pub mod types;
