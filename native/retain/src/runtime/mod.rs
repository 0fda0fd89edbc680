//! What the Go runtime keeps where: its spans, the pointers of objects, goroutines, and what it holds itself.

pub mod functions;
pub mod goroutines;
pub mod heap;
pub mod layout;
pub mod masks;
pub mod modules;
pub mod objects;
pub mod runs;
pub mod specials;
pub mod stacks;
