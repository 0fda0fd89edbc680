//! The Node addon: the only crate with napi, no logic.
