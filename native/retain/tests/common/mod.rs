//! A real Go program to be read, and a reader in a process of its own that can be killed.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use stallscope_retain::capture::{Request, start_time};

/// The executable that ships.
pub const HELPER: &str = env!("CARGO_BIN_EXE_stallscope-retain");
/// So soon a program has to run again, whatever happened.
const SOON: Duration = Duration::from_secs(2);

/// Whether a Go program can be built here; says so when not.
pub fn has_go() -> bool {
    let found = Command::new("go").arg("version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: there is no `go` to build a program with");
    }
    found
}

/// `tests/programs/list.go`, built with these flags for the linker.
pub fn build(linker_flags: &str) -> PathBuf {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder =
        FOLDER.get_or_init(|| tempfile::Builder::new().prefix("retain-").tempdir().expect("a folder"));
    let output = folder.path().join(format!("list{}", linker_flags.replace(' ', "")));
    // Two tests may build the same at once.
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !output.exists() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/list.go");
        let built = Command::new("go")
            .args(["build", &format!("-ldflags={linker_flags}"), "-o"])
            .arg(&output)
            .arg(source)
            .output()
            .expect("go runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    }
    output
}

/// A program that writes a line every 10 ms.
pub struct Program {
    pub pid: u32,
    ticks: Arc<AtomicU64>,
    child: Child,
}

impl Program {
    pub fn start(executable: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(executable);
        Self::run(command.args(arguments), |child, _| child.id())
    }

    /// Started by a shell that has ended since: nobody here is an ancestor of it.
    pub fn start_detached(executable: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", r#""$@" & echo $!"#, "sh"]).arg(executable).args(arguments);
        let mut program = Self::run(&mut command, |_, first| first.parse().expect("its number"));
        program.child.wait().expect("the shell");
        program
    }

    fn run(command: &mut Command, pid: impl Fn(&Child, &str) -> u32) -> Self {
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let first = lines.next().expect("a line").expect("text");
        let ticks = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&ticks);
        std::thread::spawn(move || {
            for _ in lines {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { pid: pid(&child, &first), ticks, child }
    }

    pub fn state(&self) -> char {
        state(self.pid)
    }

    /// How many lines it has written since it started, but for the first one.
    pub fn ticks(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// Waits until it has written so many.
    pub fn wait_for(&self, ticks: u64) {
        let began = Instant::now();
        while self.ticks() < ticks {
            assert!(began.elapsed() < SOON, "{} of {ticks} lines", self.ticks());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Fails unless it runs soon: not stopped, and doing what it does.
    pub fn assert_runs(&self, when: &str) {
        let began = Instant::now();
        while self.state() == 'T' {
            assert!(began.elapsed() < SOON, "{when}: it still stands still");
            std::thread::sleep(Duration::from_millis(5));
        }
        let before = self.ticks();
        while self.ticks() < before + 2 {
            assert!(began.elapsed() < 2 * SOON, "{when}: it does nothing");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn request(&self) -> Request {
        request(self.pid)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        signal("KILL", self.pid);
        let _ = self.child.wait();
    }
}

pub fn request(pid: u32) -> Request {
    Request {
        pid,
        start_time: start_time(pid).expect("it runs"),
        // Other tests run at the same time, on few processors.
        bound: Duration::from_secs(2),
        must_be_descendant: false,
        memory_limit_bytes: None,
        helper: HELPER.into(),
    }
}

pub fn state(pid: u32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()).unwrap_or('X')
}

pub fn signal(name: &str, pid: u32) {
    let _ = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).stderr(Stdio::null()).status();
}

/// Processes of the helper, by what it was started for and the program's number or, for an analysis, the parent's.
pub fn helpers(mode: &str, of: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("this is Linux");
    let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let is_one = |pid: &u32| {
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<_> = line.split('\0').collect();
        let parent = || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse::<u32>().ok())
        };
        let for_program = || words.get(2).is_some_and(|word| *word == of.to_string());
        words.first() == Some(&HELPER)
            && words.get(1) == Some(&mode)
            && !matches!(state(*pid), 'Z' | 'X')
            && (for_program() || parent() == Some(of))
    };
    numbers.filter(is_one).collect()
}

/// The same, until there is one.
pub fn helper(mode: &str, of: u32) -> u32 {
    let began = Instant::now();
    loop {
        match helpers(mode, of).first() {
            Some(pid) => return *pid,
            None => assert!(began.elapsed() < SOON, "no {mode}"),
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Who has a copy open: process numbers.
pub fn owners_of_copies(of: &[u32]) -> Vec<u32> {
    let has_copy = |pid: &&u32| {
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
        let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
        maps.contains("memfd:stallscope")
            || files
                .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
                .any(|target| target.to_string_lossy().contains("memfd:stallscope"))
    };
    of.iter().filter(has_copy).copied().collect()
}
