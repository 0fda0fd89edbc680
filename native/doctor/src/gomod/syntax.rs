//! From tokens to statements: directives on a line of their own and blocks in parentheses, with the comments that belong to them.

use std::ops::Range;

use super::directives::Problem;
use super::lexer::{Kind, Token, tokens};

/// One directive: its words without the verb of the block it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub words: Vec<Range<usize>>,
    /// Comment lines directly above it; an empty range is an empty line.
    pub before: Vec<Range<usize>>,
    /// The comment behind it.
    pub suffix: Option<Range<usize>>,
}

/// A statement of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statement {
    Line(Line),
    Block(Block),
}

/// `require ( … )`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// The words before the parenthesis; `go` allows one.
    pub words: Vec<Range<usize>>,
    pub before: Vec<Range<usize>>,
    pub lines: Vec<Line>,
    pub open: usize,
    /// Where its closing parenthesis is.
    pub close: usize,
}

/// A file as statements.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Syntax {
    pub statements: Vec<Statement>,
}

pub(super) fn parse(text: &str, problems: &mut Vec<Problem>) -> Syntax {
    let tokens = tokens(text, problems);
    let mut parser = Parser { tokens: &tokens, at: 0, problems };
    Syntax { statements: parser.file() }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    problems: &'a mut Vec<Problem>,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn kind(&self, ahead: usize) -> Option<Kind> {
        self.tokens.get(self.at + ahead).map(|token| token.kind)
    }

    fn file(&mut self) -> Vec<Statement> {
        let mut statements = Vec::new();
        let mut before = Vec::new();
        while let Some(kind) = self.kind(0) {
            match kind {
                Kind::End | Kind::Suffix => {
                    self.at += 1;
                    before.clear();
                }
                Kind::Comment => before.extend(self.next().map(|token| token.at)),
                _ => {
                    let before = std::mem::take(&mut before);
                    statements.push(match self.block_begins() {
                        Some(words) => Statement::Block(self.block(words, before)),
                        None => Statement::Line(self.line(before)),
                    });
                }
            }
        }
        statements
    }

    /// How many words stand before a parenthesis that begins a block here.
    fn block_begins(&self) -> Option<usize> {
        let mut words = 0;
        loop {
            match self.kind(words) {
                Some(Kind::Open) if words > 0 => {
                    let is_end =
                        |ahead| !matches!(self.kind(ahead), Some(Kind::Word | Kind::Open | Kind::Close));
                    let is_empty_block = self.kind(words + 1) == Some(Kind::Close) && is_end(words + 2);
                    if is_end(words + 1) || is_empty_block {
                        return Some(words);
                    }
                    words += 1;
                }
                Some(Kind::Word | Kind::Open | Kind::Close) => words += 1,
                _ => return None,
            }
        }
    }

    fn line(&mut self, before: Vec<Range<usize>>) -> Line {
        let mut line = Line { words: Vec::new(), before, suffix: None };
        while let Some(token) = self.next() {
            match token.kind {
                Kind::Word | Kind::Open | Kind::Close => line.words.push(token.at),
                Kind::End => break,
                Kind::Comment | Kind::Suffix => {
                    line.suffix = Some(token.at);
                    break;
                }
            }
        }
        line
    }

    fn block(&mut self, words: usize, before: Vec<Range<usize>>) -> Block {
        let words = (0..words).filter_map(|_| self.next()).map(|token| token.at).collect::<Vec<_>>();
        let open = self.next().map_or(0, |token| token.at.start);
        let mut block = Block { words, before, lines: Vec::new(), open, close: open };
        let mut before: Vec<Range<usize>> = Vec::new();
        if self.kind(0) == Some(Kind::End) {
            self.at += 1;
        }
        loop {
            match self.kind(0) {
                None => {
                    let at = block.words.first().map_or(open..open, Clone::clone);
                    self.problems.push(Problem { at, why: "the block that begins here does not end".into() });
                    return block;
                }
                Some(Kind::Suffix) => self.at += 1,
                Some(Kind::End) => {
                    let end = self.next().map_or(0, |token| token.at.start);
                    let follows = before.last().map_or(!block.lines.is_empty(), |last| !last.is_empty());
                    if follows {
                        before.push(end..end);
                    }
                }
                Some(Kind::Comment) => before.extend(self.next().map(|token| token.at)),
                Some(Kind::Close) => {
                    block.close = self.next().map_or(open, |token| token.at.start);
                    let rest = self.line(Vec::new());
                    if let (Some(first), Some(last)) = (rest.words.first(), rest.words.last()) {
                        let why = "after the closing parenthesis the line must end".into();
                        self.problems.push(Problem { at: first.start..last.end, why });
                    }
                    return block;
                }
                Some(Kind::Word | Kind::Open) => {
                    let line = self.line(std::mem::take(&mut before));
                    block.lines.push(line);
                }
            }
        }
    }
}
