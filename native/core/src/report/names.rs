//! Which names say something of a person, and which code is everybody's.

/// Account and host names that are on every machine, in every container: hiding them would spoil texts and help nobody.
const NOBODYS: [&str; 34] = [
    "root",
    "user",
    "users",
    "admin",
    "administrator",
    "home",
    "host",
    "localhost",
    "local",
    "runner",
    "runneradmin",
    "vscode",
    "codespace",
    "gitpod",
    "coder",
    "ubuntu",
    "debian",
    "linux",
    "node",
    "golang",
    "gopls",
    "gopher",
    "developer",
    "docker",
    "container",
    "workspace",
    "default",
    "guest",
    "public",
    "shared",
    "test",
    "build",
    "module",
    "example",
];

/// Shorter names are part of too much else.
const SHORTEST: usize = 3;

/// The first part of import paths of Go's standard library, as far as a server like gopls links it.
const STANDARD_LIBRARY: [&str; 47] = [
    "archive",
    "bufio",
    "bytes",
    "cmp",
    "compress",
    "container",
    "context",
    "crypto",
    "database",
    "debug",
    "embed",
    "encoding",
    "errors",
    "expvar",
    "flag",
    "fmt",
    "go",
    "hash",
    "html",
    "image",
    "index",
    "internal",
    "io",
    "iter",
    "log",
    "maps",
    "math",
    "mime",
    "net",
    "os",
    "path",
    "plugin",
    "reflect",
    "regexp",
    "runtime",
    "slices",
    "sort",
    "strconv",
    "strings",
    "structs",
    "sync",
    "syscall",
    "testing",
    "text",
    "time",
    "unicode",
    "unique",
];

/// Whether a user or host name points to somebody and can be searched for as a word.
pub(super) fn is_telling(name: &str) -> bool {
    name.len() >= SHORTEST && !NOBODYS.iter().any(|common| common.eq_ignore_ascii_case(name))
}

/// Whether a function is of Go's own code (standard library, golang.org): its name was there before the user was.
pub(super) fn is_public_function(name: &str) -> bool {
    let first = name.split(['/', '.']).next().unwrap_or_default();
    name.starts_with("golang.org/") || STANDARD_LIBRARY.contains(&first)
}
