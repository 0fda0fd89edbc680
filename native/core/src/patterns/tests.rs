//! Every kind of condition on typed evidence, and what is refused of rule files.
#![allow(clippy::unwrap_used)]
