//! The live heap of a Go program, read from outside: by type, and by what holds it.

mod ahead;
pub mod analysis;
pub mod answer;
pub mod capture;
pub mod dominators;
mod fast;
pub mod image;
pub mod known;
pub mod marking;
pub mod memory;
pub mod notes;
pub mod record;
pub mod roots;
pub mod runtime;
pub mod stop;
pub mod symbols;
pub mod typing;
