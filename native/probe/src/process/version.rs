//! gopls's version, from the build information that Go puts into every executable.
//!
//! Reading the file costs gopls nothing and works without a debug server. The format is that of Go 1.18 and
//! later (`debug/buildinfo`): a 32-byte header with a magic, then two strings prefixed with their lengths.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use object::read::{Object, ObjectSection, ReadCache, ReadRef};

/// What the executable says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildInfo {
    /// The main package, `golang.org/x/tools/gopls` for gopls.
    pub package: String,
    /// Version of the main module, e.g. `v0.23.0`; `None` for a build from a work tree (`(devel)`).
    pub version: Option<String>,
    /// The Go version that built it, e.g. `go1.26.8`.
    pub go_version: String,
    /// How it was built, e.g. `GOOS`, `GOARCH`, `-tags`.
    pub settings: BTreeMap<String, String>,
}

const MAGIC: &[u8] = b"\xff Go buildinf:";

/// The header is aligned to this.
const ALIGN: usize = 16;

/// Flag: the strings follow the header inline (Go 1.18 and later).
const INLINE_STRINGS: u8 = 2;

/// Where the format has the header, it is at the start of its section: no need to look further.
const MAX_SECTION: u64 = 1 << 20;

/// gopls's module list has a few KB.
const MAX_STRING: usize = 256 * 1024;

/// Executables remembered. A person has a handful.
const MAX_CACHED: usize = 64;

/// Path and modification time: an upgrade in place changes the latter.
type CacheKey = (PathBuf, Option<SystemTime>, u64);
static CACHE: Mutex<Option<HashMap<CacheKey, Option<BuildInfo>>>> = Mutex::new(None);

/// Build information of a running process's executable, also when the file was replaced since (Linux).
pub fn of_process(pid: u32, exe: &Path) -> Option<BuildInfo> {
    let running = PathBuf::from(format!("/proc/{pid}/exe"));
    let file = if cfg!(target_os = "linux") { File::open(running) } else { File::open(exe) }.ok()?;
    cached(exe, file)
}

/// Build information of an executable file.
pub fn of_file(exe: &Path) -> Option<BuildInfo> {
    cached(exe, File::open(exe).ok()?)
}

fn cached(exe: &Path, file: File) -> Option<BuildInfo> {
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() {
        return None;
    }
    let key = (exe.to_owned(), metadata.modified().ok(), metadata.len());
    let lock = || CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().get_or_insert_default().get(&key) {
        return known.clone();
    }
    let info = read(file);
    let mut guard = lock();
    let cache = guard.get_or_insert_default();
    if cache.len() >= MAX_CACHED {
        cache.clear();
    }
    cache.insert(key, info.clone());
    info
}

fn read(file: File) -> Option<BuildInfo> {
    // Reads only the headers and the one section of an executable of 40 MB.
    let cache = ReadCache::new(file);
    let object = object::File::parse(&cache).ok()?;
    // ELF and Mach-O name the section; in PE it is at the start of the data section.
    let section = object
        .sections()
        .find(|section| matches!(section.name_bytes(), Ok(b".go.buildinfo" | b"__go_buildinfo")))
        .or_else(|| object.sections().find(|section| section.name_bytes() == Ok(b".data")))?;
    let (offset, size) = section.file_range()?;
    parse((&cache).read_bytes_at(offset, size.min(MAX_SECTION)).ok()?)
}

/// Parses the section that holds the header.
fn parse(section: &[u8]) -> Option<BuildInfo> {
    let start = section.chunks_exact(ALIGN).position(|chunk| chunk.starts_with(MAGIC))? * ALIGN;
    let header = section.get(start..start + 32)?;
    if header[15] & INLINE_STRINGS == 0 {
        return None;
    }
    let (go_version, rest) = string(section.get(start + 32..)?)?;
    let (modules, _) = string(rest)?;
    let go_version = std::str::from_utf8(go_version).ok()?;
    // Sixteen bytes of sentinel on either side, so that the runtime finds the text in memory.
    let modules = modules.get(16..modules.len().checked_sub(16)?)?;
    let modules = std::str::from_utf8(modules).ok()?;
    let mut info = BuildInfo {
        package: String::new(),
        version: None,
        go_version: go_version.to_owned(),
        settings: BTreeMap::new(),
    };
    for line in modules.lines() {
        let mut fields = line.split('\t');
        match (fields.next(), fields.next(), fields.next()) {
            (Some("path"), Some(package), _) => info.package = package.to_owned(),
            (Some("mod"), Some(_), Some(version)) if version.starts_with('v') => {
                info.version = Some(version.to_owned());
            }
            (Some("build"), Some(setting), _) => {
                if let Some((name, value)) = setting.split_once('=') {
                    info.settings.insert(name.to_owned(), value.to_owned());
                }
            }
            _ => {}
        }
    }
    Some(info)
}

/// A string behind its length as a varint.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_usize;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            if length > MAX_STRING {
                return None;
            }
            return bytes.get(index + 1..)?.split_at_checked(length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn section(go: &str, modules: &str) -> Vec<u8> {
        let mut bytes = vec![0; ALIGN];
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[8, INLINE_STRINGS]);
        bytes.extend_from_slice(&[0; 16]);
        let framed = [&[1; 16], modules.as_bytes(), &[2; 16]].concat();
        for text in [go.as_bytes(), &framed] {
            bytes.push((text.len() & 0x7f) as u8 | 0x80);
            bytes.push((text.len() >> 7) as u8);
            bytes.extend_from_slice(text);
        }
        bytes
    }

    #[test]
    fn a_release_and_a_work_tree() {
        let module = |version| {
            format!(
                "path\tgolang.org/x/tools/gopls\nmod\tgolang.org/x/tools/gopls\t{version}\t\nbuild\tGOOS=linux\n"
            )
        };
        let release = parse(&section("go1.26.8", &module("v0.23.0"))).unwrap();
        assert_eq!(release.package, "golang.org/x/tools/gopls");
        assert_eq!(release.version.as_deref(), Some("v0.23.0"));
        assert_eq!(release.go_version, "go1.26.8");
        assert_eq!(release.settings.get("GOOS").map(String::as_str), Some("linux"));
        assert_eq!(parse(&section("go1.26.8", &module("(devel)"))).unwrap().version, None);
    }

    #[test]
    fn cut_off_anywhere_is_no_panic() {
        let whole = section("go1.26.8", "path\tx\n");
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end]), None);
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        assert_eq!(string(&[0xff, 0xff, 0xff, 0xff, 0x7f]), None);
        assert_eq!(string(&[5, 1, 2]), None);
    }

    #[test]
    fn a_file_that_is_no_executable() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "#!/bin/sh\n").unwrap();
        assert_eq!(of_file(file.path()), None);
        assert_eq!(of_file(Path::new("/nowhere/gopls")), None);
    }
}
