//! Caches in a temporary folder: what is listed, what is removed, and what never is.

use std::fs;
use std::path::{Path, PathBuf};

use stallscope_doctor::cache::layout::directory_of;
use stallscope_doctor::cache::{Cleaned, Owner, Removed, layout};
use tempfile::TempDir;

use super::*;

/// A cache, and beside it something that must not be touched.
struct World {
    root: TempDir,
    asked: CacheAsked,
}

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("cache/gopls");
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(root.path().join("outside/ab")).unwrap();
        fs::write(root.path().join("outside/precious"), "precious").unwrap();
        fs::write(root.path().join("outside/ab").join(file("ab", "cas")), "precious").unwrap();
        Self { asked: CacheAsked { folder, bins: Bins::default() }, root }
    }

    fn outside(&self) -> PathBuf {
        self.root.path().join("outside")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.asked.folder.join(name)
    }

    /// The cache of an executable, with so many files in each of some shards.
    fn cache(&self, seed: u8, shards: u8, files: u16) -> String {
        let sha256 = [seed; 32];
        let name = directory_of(&sha256);
        fs::create_dir(self.path(&name)).unwrap();
        fs::write(self.path(&name).join("exe.sha256"), sha256).unwrap();
        for shard in 0..shards {
            let shard = format!("{shard:02x}");
            let folder = self.path(&name).join(&shard);
            fs::create_dir(&folder).unwrap();
            for number in 0..files {
                let key = format!("{shard}{number:062x}");
                fs::write(folder.join(format!("{key}-typerefs")), "12345").unwrap();
            }
        }
        name
    }

    fn owners(&self) -> Vec<(String, Owner)> {
        let cache = list(&self.asked, Duration::from_secs(60)).unwrap();
        cache.directories.into_iter().map(|owned| (owned.name, owned.owner)).collect()
    }

    fn why(&self, name: &str) -> String {
        let cache = list(&self.asked, Duration::from_secs(60)).unwrap();
        cache.directories.into_iter().find(|owned| owned.name == name).and_then(|owned| owned.why).unwrap()
    }

    fn clean(&self) -> Cleaned {
        clean(&self.asked, &Which::Orphans, false, &mut |_| true).unwrap()
    }

    fn names(&self) -> Vec<String> {
        names(&self.asked.folder)
    }
}

impl Drop for World {
    /// Whatever a test does, what is outside is as it was.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(names(&self.outside()), ["ab", "precious"]);
            assert_eq!(names(&self.outside().join("ab")), [file("ab", "cas")]);
        }
    }
}

fn file(shard: &str, kind: &str) -> String {
    format!("{}-{kind}", shard.repeat(32))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn what_a_cache_holds_is_counted() {
    let world = World::new();
    let name = world.cache(1, 3, 4);
    let cache = list(&world.asked, Duration::from_secs(60)).unwrap();
    let [owned] = &cache.directories[..] else { panic!("{cache:?}") };
    assert_eq!((&owned.name, owned.owner), (&name, Owner::Orphan));
    let size = owned.size.clone().unwrap();
    assert_eq!((size.files, size.bytes, size.complete), (13, 12 * 5 + 32, true));
    assert_eq!(size.kinds["typerefs"].files, 12);
    assert!(size.newest_unix_ms >= size.oldest_unix_ms && size.oldest_unix_ms.is_some());
    assert!(cache.disk.unwrap().free_bytes > 0);
}

#[test]
fn without_time_it_is_told_that_not_all_was_counted() {
    let world = World::new();
    world.cache(1, 2, 300);
    let cache = list(&world.asked, Duration::ZERO).unwrap();
    assert!(!cache.directories[0].size.clone().unwrap().complete);
}

#[test]
fn no_folder_is_an_empty_cache() {
    let world = World::new();
    let asked = CacheAsked { folder: world.path("nothing"), bins: Bins::default() };
    assert_eq!(list(&asked, Duration::ZERO).unwrap().directories, []);
    assert_eq!(clean(&asked, &Which::Orphans, false, &mut |_| true).unwrap(), Cleaned::default());
    let file = world.path("file");
    fs::write(&file, "").unwrap();
    assert!(list(&CacheAsked { folder: file, bins: Bins::default() }, Duration::ZERO).is_err());
}

#[test]
fn orphans_are_removed_and_a_dry_run_removes_nothing() {
    let world = World::new();
    let name = world.cache(1, 3, 4);
    let dry = clean(&world.asked, &Which::Orphans, true, &mut |_| true).unwrap();
    assert_eq!(world.names(), [name.as_str()]);
    let cleaned = world.clean();
    assert_eq!(cleaned, dry);
    assert_eq!(cleaned.removed, [Removed { name, files: 13, bytes: 92 }]);
    assert_eq!(world.names(), [""; 0]);
}

#[test]
fn what_is_not_laid_out_as_gopls_does_is_left_alone_and_its_oddity_named() {
    let world = World::new();
    let strange: Vec<(String, &str, &str)> = vec![
        (world.cache(1, 1, 1), "notes.txt", "01010101/notes.txt is not gopls's"),
        (world.cache(2, 1, 1), "00/notes.txt", "00/notes.txt is not gopls's"),
        (world.cache(3, 1, 1), "00/a-cas", "00/a-cas is not gopls's"),
    ];
    for (name, path, why) in &strange {
        fs::write(world.path(name).join(path), "mine").unwrap();
        assert_eq!(world.why(name), *why);
    }
    let wrong = world.cache(4, 1, 1);
    fs::write(world.path(&wrong).join("exe.sha256"), [9; 32]).unwrap();
    let short = world.cache(5, 1, 1);
    fs::write(world.path(&short).join("exe.sha256"), [5; 31]).unwrap();
    fs::create_dir(world.path("deadbeef")).unwrap();
    fs::write(world.path("cafebabe"), "a file").unwrap();
    fs::create_dir(world.path("global")).unwrap();
    let before = world.names();
    assert!(world.owners().iter().all(|(_, owner)| *owner == Owner::Unrecognised), "{:?}", world.owners());
    assert_eq!(world.clean(), Cleaned::default());
    assert_eq!(world.names(), before);
    assert!(fs::read(world.path("01010101/notes.txt")).unwrap() == b"mine");
    let refused = clean(&world.asked, &Which::Named("01010101".into()), false, &mut |_| true);
    assert!(matches!(refused, Err(Refused::Unrecognised { .. })), "{refused:?}");
}

#[test]
fn a_name_that_leads_elsewhere_is_no_name_of_a_directory() {
    let world = World::new();
    for name in ["..", "../../outside", "", ".", "/"] {
        let refused = clean(&world.asked, &Which::Named(name.into()), false, &mut |_| true);
        assert!(matches!(refused, Err(Refused::Unknown { .. })), "{name}: {refused:?}");
    }
}

#[test]
fn stopped_half_way_it_is_finished_the_next_time() {
    let world = World::new();
    let name = world.cache(1, 4, 300);
    let mut reports = 0;
    let cleaned = clean(&world.asked, &Which::Orphans, false, &mut |_| {
        reports += 1;
        reports < 3
    });
    let cleaned = cleaned.unwrap();
    assert!(cleaned.cancelled && cleaned.removed.is_empty(), "{cleaned:?}");
    let aside = layout::aside(&name, 1);
    assert_eq!(world.owners(), [(aside.clone(), Owner::Leftover)]);
    // A gopls of that kind is back, and has made its directory anew.
    world.cache(1, 1, 1);
    let mut last = None;
    let cleaned = clean(&world.asked, &Which::Orphans, false, &mut |progress| {
        last = Some(progress.clone());
        true
    });
    let cleaned = cleaned.unwrap();
    let removed: Vec<&str> = cleaned.removed.iter().map(|removed| removed.name.as_str()).collect();
    assert_eq!(removed, [aside.as_str(), name.as_str()], "leftovers are finished, orphans judged anew");
    assert!(last.is_some_and(|last| last.files <= last.of_files));
    assert_eq!(world.names(), [""; 0]);
}

#[test]
fn what_appears_meanwhile_stays() {
    let world = World::new();
    let name = world.cache(1, 4, 300);
    let aside = world.path(&layout::aside(&name, 1));
    let mut done = false;
    let cleaned = clean(&world.asked, &Which::Orphans, false, &mut |_| {
        if !std::mem::replace(&mut done, true) {
            fs::write(aside.join("03/mine.txt"), "mine").unwrap();
        }
        true
    });
    let cleaned = cleaned.unwrap();
    assert_eq!(cleaned.removed, []);
    assert!(cleaned.skipped[0].why.contains("03/mine.txt"), "{cleaned:?}");
    assert_eq!(fs::read(aside.join("03/mine.txt")).unwrap(), b"mine");
    // It is in nobody's way afterwards.
    let again = world.cache(1, 1, 1);
    assert_eq!(world.clean().removed.len(), 1);
    assert!(!world.path(&again).exists());
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_traps_and_nothing_is_removed_through_them() {
        let world = World::new();
        let shard_is_link = world.cache(1, 1, 1);
        symlink(world.outside().join("ab"), world.path(&shard_is_link).join("ab")).unwrap();
        let file_is_link = world.cache(2, 1, 1);
        let target = world.path(&file_is_link).join("00").join(file("00", "cas"));
        symlink(world.outside().join("precious"), target).unwrap();
        symlink(world.outside(), world.path("0a0b0c0d")).unwrap();
        symlink(world.outside(), world.path("0a0b0c0d.stallscope-removing-1")).unwrap();
        let hash_is_link = world.cache(3, 1, 1);
        fs::remove_file(world.path(&hash_is_link).join("exe.sha256")).unwrap();
        symlink(world.outside().join("precious"), world.path(&hash_is_link).join("exe.sha256")).unwrap();
        let before = world.names();
        assert!(
            world.owners().iter().all(|(_, owner)| *owner == Owner::Unrecognised),
            "{:?}",
            world.owners()
        );
        assert_eq!(world.why(&shard_is_link), "01010101/ab is a link");
        assert_eq!(world.clean(), Cleaned::default());
        assert_eq!(world.names(), before);
    }

    #[test]
    fn links_that_are_put_there_meanwhile_are_not_followed() {
        let world = World::new();
        let name = world.cache(1, 4, 300);
        let aside = world.path(&layout::aside(&name, 1));
        let outside = world.outside().join("ab");
        let mut done = false;
        let cleaned = clean(&world.asked, &Which::Orphans, false, &mut |_| {
            if !std::mem::replace(&mut done, true) {
                // Where a shard was when the folder was read.
                fs::rename(aside.join("02"), aside.join("ff")).unwrap();
                symlink(&outside, aside.join("02")).unwrap();
            }
            true
        });
        let cleaned = cleaned.unwrap();
        assert_eq!((cleaned.removed.len(), cleaned.skipped.len()), (0, 1), "{cleaned:?}");
        assert!(aside.join("02").is_symlink());
    }

    #[test]
    fn the_folder_itself_may_be_a_link_as_for_gopls() {
        let mut world = World::new();
        world.cache(1, 1, 1);
        let link = world.root.path().join("link");
        symlink(&world.asked.folder, &link).unwrap();
        let folder = std::mem::replace(&mut world.asked.folder, link);
        assert_eq!(world.clean().removed.len(), 1);
        assert_eq!(names(&folder), [""; 0]);
    }
}
