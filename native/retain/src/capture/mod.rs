//! How the memory of a running program becomes an [`crate::image::Image`].

pub mod plan;
