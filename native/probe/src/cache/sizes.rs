//! How large Go's own caches are, and the official commands to empty them: they are not ours to touch.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use stallscope_doctor::cache::GoCache;

/// Folders that wait to be read; a cache is not this wide.
const MAX_WAITING: usize = 1_000_000;

/// Measures the build cache and the module cache, each within this time.
pub fn go_caches(build: Option<&Path>, modules: Option<&Path>, within: Duration) -> Vec<GoCache> {
    let measured = |name: &str, folder: Option<&Path>, flag: &str| {
        let folder = folder.filter(|folder| folder.is_absolute() && folder.is_dir())?;
        let command = ["go", "clean", flag].map(str::to_owned).to_vec();
        let mut cache = GoCache {
            name: name.to_owned(),
            folder: folder.display().to_string(),
            bytes: 0,
            files: 0,
            complete: true,
            command,
        };
        measure(&mut cache, folder, Instant::now() + within);
        Some(cache)
    };
    let caches = [measured("build", build, "-cache"), measured("modules", modules, "-modcache")];
    caches.into_iter().flatten().collect()
}

/// Counts until the time is over.
fn measure(cache: &mut GoCache, folder: &Path, until: Instant) {
    let mut waiting: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        // What may not be read is not counted.
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            if Instant::now() >= until || waiting.len() >= MAX_WAITING {
                cache.complete = false;
                return;
            }
            // Links are not followed.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                waiting.push(entry.path());
            } else if metadata.is_file() {
                cache.files += 1;
                cache.bytes = cache.bytes.saturating_add(metadata.len());
            }
        }
    }
}
