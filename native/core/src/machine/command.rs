//! The command line of a child of gopls, as short as a person reads it.

const MOST_WORDS: usize = 24;
/// `-json=Name,ImportPath,…` is longer than everything else together, and says nothing.
const MOST_WORD_CHARS: usize = 48;
const MOST_CHARS: usize = 240;

/// Whether the word names the `go` command, with or without its folder.
fn names_go(word: &str) -> bool {
    matches!(word.rsplit(['/', '\\']).next(), Some("go" | "go.exe"))
}

/// Whether a process with this command line is a `go` command; a script of that name has its shell before it.
pub fn is_go(argv: &[String]) -> bool {
    argv.iter().take(2).any(|word| names_go(word))
}

/// The command line from `go` on, with `~` for the home folder, its long words and its end cut.
pub fn shortened(argv: &[String], home: Option<&str>) -> String {
    let from = argv.iter().take(2).position(|word| names_go(word)).unwrap_or(0);
    let mut line = String::from("go");
    for word in argv.iter().skip(from + 1).take(MOST_WORDS) {
        line.push(' ');
        line.push_str(&cut(&plain(&from_home(word, home)), MOST_WORD_CHARS));
    }
    cut(&line, MOST_CHARS)
}

/// With `~` where a path within the home folder begins.
fn from_home(word: &str, home: Option<&str>) -> String {
    let Some(home) = home.map(|home| home.trim_end_matches('/')).filter(|home| home.len() > 1) else {
        return word.to_owned();
    };
    let mut parts = word.split(home);
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // A folder beside it that begins with its name is another one.
        short.push_str(if part.is_empty() || part.starts_with(['/', ':', ',']) { "~" } else { home });
        short.push_str(part);
    }
    short
}

/// Without what would break a line.
fn plain(word: &str) -> String {
    word.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn cut(text: &str, most_chars: usize) -> String {
    match text.char_indices().nth(most_chars) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn it_begins_with_go_and_its_long_words_are_cut() {
        let json = format!("-json={}", "Name,ImportPath,".repeat(9));
        let list = argv(&["/usr/local/go/bin/go", "list", "-e", &json, "--", "./..."]);
        assert!(is_go(&list));
        let line = shortened(&list, None);
        assert!(
            line.starts_with("go list -e -json=Name,ImportPath,") && line.ends_with("… -- ./..."),
            "{line}"
        );
        let wrapper = argv(&["/bin/sh", "/opt/wrappers/go", "env", "GOROOT"]);
        assert!(is_go(&wrapper));
        assert_eq!(shortened(&wrapper, None), "go env GOROOT");
        assert!(!is_go(&argv(&["/bin/sh", "-c", "go"])) && !is_go(&argv(&["gofmt"])) && !is_go(&[]));
    }

    #[test]
    fn the_home_folder_is_a_tilde() {
        let list = argv(&["go", "list", "-modfile=/home/gopher/a/go.mod", "/home/gophers/b", "/home/gopher"]);
        let short = "go list -modfile=~/a/go.mod /home/gophers/b ~";
        assert_eq!(shortened(&list, Some("/home/gopher/")), short);
        assert_eq!(shortened(&argv(&["go", "list", "/a"]), Some("/")), "go list /a");
    }

    proptest! {
        #[test]
        fn it_is_short_and_one_line(words in prop::collection::vec("\\PC{0,90}|[\\x00-\\x1f]{0,9}", 0..60)) {
            let line = shortened(&words, Some("/home/gopher"));
            prop_assert!(line.chars().count() <= MOST_CHARS + 1);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}
