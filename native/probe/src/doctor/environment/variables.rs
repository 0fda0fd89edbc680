//! Which variables count, and who set each: gopls's `env`, the editor, the environment, `go env -w`, or Go itself; in this order.

use std::collections::BTreeMap;

use stallscope_doctor::environment::{Origin, Variable};
use stallscope_doctor::settings::RUNTIME;

use super::super::go_env::GoEnv;

/// What is of interest although `go env` may not name it, or says something else of it.
const BESIDE: [&str; 10] = [
    "GO111MODULE",
    "GODEBUG",
    "GOFLAGS",
    "GOGC",
    "GOMAXPROCS",
    "GOMEMLIMIT",
    "GOPATH",
    "GOPROXY",
    "GOTOOLCHAIN",
    "GOWORK",
];

/// All that are set, or that `go` has worked out.
pub(super) fn variables(
    env: &GoEnv,
    editor: &BTreeMap<String, String>,
    of_go: &BTreeMap<String, String>,
) -> BTreeMap<String, Variable> {
    let names = env.values.keys().map(String::as_str).chain(BESIDE);
    names.filter_map(|name| Some((name.to_owned(), variable(name, env, editor, of_go)?))).collect()
}

fn variable(
    name: &str,
    env: &GoEnv,
    editor: &BTreeMap<String, String>,
    of_go: &BTreeMap<String, String>,
) -> Option<Variable> {
    let set = |value: Option<&str>| value.map(str::to_owned).filter(|value| !value.is_empty());
    let for_go = of_go.get(name).filter(|_| !RUNTIME.contains(&name));
    let of_gopls = || Some((set(for_go.map(String::as_str))?, Origin::Gopls));
    let of_editor = || Some((set(editor.get(name).map(String::as_str))?, Origin::Editor));
    // What the editor sets to nothing hides the environment.
    let hidden = editor.contains_key(name) || for_go.is_some();
    let of_environment =
        || Some((set(std::env::var(name).ok().as_deref()).filter(|_| !hidden)?, Origin::Environment));
    let file = || env.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
    let written = || Some((set(env.written.get(name).map(String::as_str))?, Origin::Written(file())));
    let default = || Some((set(env.defaults.get(name).map(String::as_str))?, Origin::Default));
    let (value, origin) = match of_gopls().or_else(of_editor).or_else(of_environment) {
        Some(found) => found,
        // Only `go` itself reads these two.
        None => written().or_else(default).unwrap_or((String::new(), Origin::Default)),
    };
    // We ask it with another value, and `go` is told what gopls is not.
    let is_otherwise = name == "GOTOOLCHAIN" || RUNTIME.contains(&name) && of_go.contains_key(name);
    let counts = if is_otherwise { None } else { env.get(name).map(str::to_owned) };
    let value = counts.unwrap_or(value);
    (!value.is_empty()).then_some(Variable { value, origin })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn who_set_a_variable_is_known() {
        let env = GoEnv {
            values: map(&[
                ("GOFLAGS", "-mod=mod"),
                ("GOPROXY", "off"),
                ("GOTOOLCHAIN", "local"),
                ("GOOS", "linux"),
            ]),
            written: map(&[("GOPROXY", "off"), ("GOFLAGS", "-x"), ("GOGC", "7")]),
            file: Some("/env".into()),
            defaults: map(&[("GOTOOLCHAIN", "auto")]),
        };
        let of_go = map(&[("GOOS", "linux"), ("GOGC", "9")]);
        let all = variables(&env, &map(&[("GOFLAGS", "-mod=mod")]), &of_go);
        let of = |name: &str| all.get(name).map(|it| (it.value.as_str(), it.origin.clone()));
        assert_eq!(of("GOFLAGS"), Some(("-mod=mod", Origin::Editor)));
        assert_eq!(of("GOPROXY"), Some(("off", Origin::Written("/env".into()))));
        assert_eq!(of("GOTOOLCHAIN"), Some(("auto", Origin::Default)), "not what we asked with");
        assert_eq!(of("GOOS"), Some(("linux", Origin::Gopls)));
        assert_ne!(of("GOGC").map(|(_, origin)| origin), Some(Origin::Gopls), "gopls's own is another");
    }
}
