//! The server that leaks on request (test/leaky-server), built and driven.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// A running server; it ends with its standard input, so also when a test fails.
pub struct LeakyServer {
    child: Child,
    address: String,
}

impl LeakyServer {
    pub fn start() -> Self {
        let mut child =
            Command::new(executable()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").expect("it prints its address").to_owned();
        Self { child, address }
    }

    /// Does something so many times: the ways are in test/leaky-server/ways.go.
    pub fn make(&self, way: &str, times: u32) {
        self.ask("POST", &format!("/do/{way}?times={times}"));
    }

    /// Completes a garbage collection.
    pub fn collect_garbage(&self) {
        self.ask("POST", "/gc");
    }

    /// A page, as it was served.
    pub fn page(&self, path: &str) -> Vec<u8> {
        self.ask("GET", path)
    }

    fn ask(&self, method: &str, path: &str) -> Vec<u8> {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        // HTTP 1.0: the answer ends with the connection.
        write!(connection, "{method} {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        let head_end = answer.windows(4).position(|at| at == b"\r\n\r\n").expect("a whole head");
        assert!(
            answer.starts_with(b"HTTP/1.0 200"),
            "{path}: {}",
            String::from_utf8_lossy(&answer[..head_end])
        );
        answer.split_off(head_end + 4)
    }
}

impl Drop for LeakyServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Built once per run; Go's own cache makes that quick.
fn executable() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("leaky-server");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/leaky-server");
        let mut go = Command::new("go");
        go.args(["build", "-trimpath", "-o"]).arg(&path).arg(".").current_dir(source);
        assert!(go.status().expect("the Go toolchain is needed").success());
        path
    })
}
