//! `stallscope`: the same core for CI, terminals and other editors.
fn main() {}
