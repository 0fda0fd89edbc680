//! Looks at the machine while somebody waits: a few small files of the kernel, read in some tenths of a millisecond.

#[cfg(target_os = "linux")]
mod cgroup;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(all(test, target_os = "linux"))]
mod tests;

#[cfg(target_os = "linux")]
pub(crate) use linux::Machine;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::Machine;
