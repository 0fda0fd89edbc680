//! Places in Go source where somebody may rest the mouse or ask for completions.
//!
//! No parser: only comments, strings and identifiers are told apart, so that broken source gives places, too.

/// Go's keywords: gopls has nothing to say about them.
const KEYWORDS: [&str; 25] = [
    "break",
    "case",
    "chan",
    "const",
    "continue",
    "default",
    "defer",
    "else",
    "fallthrough",
    "for",
    "func",
    "go",
    "goto",
    "if",
    "import",
    "interface",
    "map",
    "package",
    "range",
    "return",
    "select",
    "struct",
    "switch",
    "type",
    "var",
];

/// An identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Zero-based line.
    pub line: u32,
    /// Zero-based column of its first letter, in UTF-16 code units as the Language Server Protocol counts.
    pub character: u32,
    /// It.
    pub name: String,
    /// It follows a dot, as `Println` in `fmt.Println`: where an editor asks for completions.
    pub selected: bool,
}

/// All identifiers of a Go file, in its order.
pub fn sites(text: &str) -> Vec<Site> {
    Scanner::new(text).collect()
}

/// Whether the file says that a program has written it (<https://go.dev/s/generatedcode>).
pub fn is_generated(text: &str) -> bool {
    text.lines()
        .take_while(|line| !line.starts_with("package "))
        .any(|line| line.starts_with("// Code generated ") && line.trim_end().ends_with(" DO NOT EDIT."))
}

struct Scanner<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: u32,
    character: u32,
    after_dot: bool,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text.chars().peekable(), line: 0, character: 0, after_dot: false }
    }

    fn take(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        if next == '\n' {
            (self.line, self.character) = (self.line + 1, 0);
        } else {
            self.character += next.len_utf16() as u32;
        }
        Some(next)
    }

    /// Takes characters until the text has ended or `end` has been taken. A backslash hides the next one where the
    /// literal has escapes.
    fn skip_to(&mut self, end: char, escapes: bool) {
        while let Some(next) = self.take() {
            if next == end {
                return;
            }
            if escapes && next == '\\' {
                self.take();
            }
        }
    }

    /// The slash has been taken.
    fn skip_comment(&mut self) {
        match self.rest.peek() {
            Some('/') => self.skip_to('\n', false),
            Some('*') => {
                self.take();
                let mut last = ' ';
                while let Some(next) = self.take() {
                    if last == '*' && next == '/' {
                        return;
                    }
                    last = next;
                }
            }
            _ => {}
        }
    }
}

impl Iterator for Scanner<'_> {
    type Item = Site;

    fn next(&mut self) -> Option<Site> {
        loop {
            let (line, character) = (self.line, self.character);
            let first = self.take()?;
            match first {
                '"' | '\'' => self.skip_to(first, true),
                '`' => self.skip_to(first, false),
                '/' => self.skip_comment(),
                _ if first == '_' || first.is_alphabetic() => {
                    let mut name = String::from(first);
                    while let Some(next) = self.rest.next_if(|c| *c == '_' || c.is_alphanumeric()) {
                        self.character += next.len_utf16() as u32;
                        name.push(next);
                    }
                    let selected = std::mem::take(&mut self.after_dot);
                    if name != "_" && !KEYWORDS.contains(&&*name) {
                        return Some(Site { line, character, name, selected });
                    }
                    continue;
                }
                // So that the letters of `0x1F` are no name.
                _ if first.is_ascii_digit() => {
                    while self.rest.next_if(|c| c.is_alphanumeric()).is_some() {
                        self.character += 1;
                    }
                }
                _ => {}
            }
            self.after_dot = first == '.';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(u32, u32, String, bool)> {
        sites(text).into_iter().map(|s| (s.line, s.character, s.name, s.selected)).collect()
    }

    #[test]
    fn identifiers_are_found_and_nothing_else() {
        let text = "package p // no\n/* no\nno */ var x = fmt.Sprint(\"no\\\"no\", 'n', `no`, 0x1F)\n";
        assert_eq!(
            names(text),
            [
                (0, 8, "p".into(), false),
                (2, 10, "x".into(), false),
                (2, 14, "fmt".into(), false),
                (2, 18, "Sprint".into(), true),
            ]
        );
    }

    #[test]
    fn columns_are_utf_16() {
        assert_eq!(names("\"𝄞\"+ä.b"), [(0, 5, "ä".into(), false), (0, 7, "b".into(), true)]);
    }

    #[test]
    fn text_that_ends_in_the_middle_of_anything_is_no_problem() {
        for text in ["\"a", "`a", "'\\", "/*", "/", "a.", ""] {
            sites(text);
        }
    }

    #[test]
    fn a_generated_file_says_so_before_its_package() {
        assert!(is_generated("// Code generated by stringer. DO NOT EDIT.\n\npackage p\n"));
        assert!(!is_generated("package p\n// Code generated by hand. DO NOT EDIT.\n"));
    }
}
