//! `go.mod` and `go.work`, read as the go command reads them, with the place of everything, and edited without touching the rest.
//!
//! The go command refuses a file as a whole when one line of it is wrong. Here the wrong lines become [`Problem`]s and the rest is
//! still understood, so that a finding can say what is wrong and where. A file without problems means exactly what it means to `go`;
//! tests hold both against each other. Bytes that are no UTF-8 are to be replaced by U+FFFD before, as editors and `go` do.

mod directives;
mod edit;
mod lexer;
mod mod_file;
mod place;
mod quote;
mod syntax;
mod version;
mod work_file;

#[cfg(test)]
mod tests;

pub use directives::{Comments, Field, Problem, Replace, Version, is_folder_path};
pub use edit::{Edit, add_line, drop_line, drop_lines, replace_field};
pub use mod_file::{ModFile, Require, Retract, parse_mod};
pub use place::Places;
pub use quote::quoted;
pub use version::{compare_go, module_path_parts};
pub use work_file::{WorkFile, parse_work};

/// A longer file is not read: the largest in the wild have 200 kB.
pub const MAX_BYTES: usize = 4 << 20;
