//! Whether gopls starts with the flags in `go.languageServerFlags`. They are read as Go's `flag` package reads them, against
//! what this gopls says that it takes: with one it does not know it prints its help and ends with exit code 2.

use super::server::{Flags, Server};
use super::value::{duration_ns, nearest};

/// What is wrong with an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No such flag; the one that may be meant.
    Unknown(Option<String>),
    /// Its value is missing.
    NoValue,
    /// It does not take this value.
    Value,
    /// It is taken for a command: `gopls version` is no language server.
    Command,
}

/// An argument, or two where the second is the value of the first, from `first` up to `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The first of them.
    pub first: usize,
    /// The first behind them.
    pub end: usize,
    /// Without hyphens.
    pub name: String,
    /// Behind `=`, or the next argument.
    pub value: Option<String>,
    /// Whether gopls does not start with it.
    pub trouble: Option<Trouble>,
}

/// Reads the arguments in the order gopls does.
pub fn read(server: &Server, arguments: &[&str]) -> Vec<Argument> {
    let mut read = Vec::new();
    let mut known = &server.flags;
    let mut serves = false;
    let mut index = 0;
    while let Some(argument) = arguments.get(index) {
        let Some(flag) = argument.strip_prefix('-').filter(|rest| !rest.is_empty() && *rest != "-") else {
            let is_serve = *argument == "serve" && !serves;
            if is_serve {
                (known, serves) = (&server.serve_flags, true);
                index += 1;
                continue;
            }
            let name = (*argument).to_owned();
            let trouble = Some(Trouble::Command);
            read.push(Argument { first: index, end: index + 1, name, value: None, trouble });
            // What follows belongs to the command.
            break;
        };
        let one = one(known, flag.strip_prefix('-').unwrap_or(flag), index, arguments);
        index = one.end;
        read.push(one);
    }
    read
}

fn one(known: &Flags, flag: &str, first: usize, arguments: &[&str]) -> Argument {
    let (name, attached) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
    let next = arguments.get(first + 1).copied();
    let argument = |end, value: Option<&str>, trouble| Argument {
        first,
        end,
        name: name.to_owned(),
        value: value.map(Into::into),
        trouble,
    };
    match (known.get(name), attached) {
        (None, _) => {
            // Where nobody knows the flag, nobody knows whether the next is its value; one that looks like a flag is none.
            let value = next.filter(|next| attached.is_none() && !next.starts_with('-') && *next != "serve");
            let meant = nearest(name, known.keys().map(String::as_str)).map(str::to_owned);
            argument(
                first + 1 + usize::from(value.is_some()),
                attached.or(value),
                Some(Trouble::Unknown(meant)),
            )
        }
        (Some(None), None) => argument(first + 1, None, None),
        (Some(None), Some(value)) => {
            let trouble = (!is_switch(value)).then_some(Trouble::Value);
            argument(first + 1, attached, trouble)
        }
        (Some(Some(_)), None) if next.is_none() => argument(first + 1, None, Some(Trouble::NoValue)),
        (Some(Some(kind)), _) => {
            let value = attached.or(next);
            let is_taken = kind != "duration" || value.is_some_and(|value| duration_ns(value).is_some());
            let end = first + 1 + usize::from(attached.is_none());
            argument(end, value, (!is_taken).then_some(Trouble::Value))
        }
    }
}

/// What Go takes for true or false.
fn is_switch(value: &str) -> bool {
    ["1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"].contains(&value)
}

/// Whether a debug address can be reached from other machines.
pub fn listens_everywhere(address: &str) -> bool {
    let Some((host, _port)) = address.rsplit_once(':') else { return false };
    matches!(host, "" | "0.0.0.0" | "[::]" | "[::0]" | "*")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::server::tests::server;
    use super::*;

    fn troubles(arguments: &[&str]) -> Vec<(usize, usize, Trouble)> {
        let read = read(&server(), arguments).into_iter();
        read.filter_map(|argument| Some((argument.first, argument.end, argument.trouble?))).collect()
    }

    #[test]
    fn flags_that_gopls_takes_are_right() {
        for arguments in [
            &[][..],
            &["-rpc.trace", "-v"],
            &["--debug=localhost:0"],
            &["-debug", "localhost:0", "-logfile", "auto"],
            &["-remote=auto", "-rpc.trace=true"],
            &["-v", "serve", "-debug=localhost:0"],
            &["-listen.timeout=1m"],
        ] {
            assert_eq!(troubles(arguments), [], "{arguments:?}");
        }
    }

    #[test]
    fn those_that_it_ends_with_are_found() {
        use Trouble::{Command, NoValue, Unknown, Value};
        for (arguments, expected) in [
            (&["-memory-limit=2GiB", "-v"][..], vec![(0, 1, Unknown(None))]),
            (&["-memory-limit", "512", "-v", "-pprof"], vec![(0, 2, Unknown(None)), (3, 4, Unknown(None))]),
            (&["-rpc-trace"], vec![(0, 1, Unknown(Some("rpc.trace".into())))]),
            (&["-v", "serve", "-remote=auto"], vec![(2, 3, Unknown(None))]),
            (&["-logfile"], vec![(0, 1, NoValue)]),
            (&["-rpc.trace=yes"], vec![(0, 1, Value)]),
            (&["-listen.timeout=5"], vec![(0, 1, Value)]),
            (&["version", "-x"], vec![(0, 1, Command)]),
            (&["-rpc.trace", "verbose"], vec![(1, 2, Command)]),
        ] {
            assert_eq!(troubles(arguments), expected, "{arguments:?}");
        }
    }

    #[test]
    fn an_address_without_a_host_is_everybody_s() {
        for (address, everywhere) in [
            (":6060", true),
            ("0.0.0.0:6060", true),
            ("[::]:1", true),
            ("localhost:0", false),
            ("[::1]:1", false),
        ] {
            assert_eq!(listens_everywhere(address), everywhere, "{address}");
        }
    }

    proptest! {
        #[test]
        fn any_arguments_are_read(arguments in prop::collection::vec("[-a-z=.]{0,8}", 0..8)) {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let mut before = 0;
            for argument in read(&server(), &arguments) {
                prop_assert!(argument.first >= before && argument.end > argument.first);
                prop_assert!(argument.end <= arguments.len());
                before = argument.end;
            }
        }
    }
}
