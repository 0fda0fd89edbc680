//! Where gopls keeps its cache: `GOPLSCACHE`, else the user's folder for caches as Go finds it, and below that `gopls`.

use std::path::PathBuf;

/// The folder of the cache of a gopls with these environment variables.
pub fn folder(variable: impl Fn(&str) -> Option<String>) -> PathBuf {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let user = set("GOPLSCACHE").map(PathBuf::from).or_else(|| user_folder(set));
    user.unwrap_or_else(std::env::temp_dir).join("gopls")
}

/// The same for a gopls that the editor starts with variables beside our own environment.
pub fn folder_of(variables: &std::collections::BTreeMap<String, String>) -> PathBuf {
    folder(|name| variables.get(name).cloned().or_else(|| std::env::var(name).ok()))
}

/// Go's `os.UserCacheDir`.
fn user_folder(set: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    if cfg!(windows) {
        set("LocalAppData").map(PathBuf::from)
    } else if cfg!(target_os = "macos") {
        set("HOME").map(|home| PathBuf::from(home).join("Library/Caches"))
    } else {
        match set("XDG_CACHE_HOME").map(PathBuf::from) {
            // For Go that is an error, and gopls then takes the temporary folder.
            Some(folder) if folder.is_relative() => None,
            Some(folder) => Some(folder),
            None => set("HOME").map(|home| PathBuf::from(home).join(".cache")),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::path::Path;

    use super::*;

    fn of(variables: &[(&str, &str)]) -> PathBuf {
        folder(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn it_is_where_gopls_looks() {
        let home = ("HOME", "/home/gopher");
        assert_eq!(of(&[home]), Path::new("/home/gopher/.cache/gopls"));
        assert_eq!(of(&[home, ("XDG_CACHE_HOME", "/x")]), Path::new("/x/gopls"));
        assert_eq!(of(&[home, ("XDG_CACHE_HOME", "x")]), std::env::temp_dir().join("gopls"));
        assert_eq!(of(&[home, ("XDG_CACHE_HOME", "/x"), ("GOPLSCACHE", "/g")]), Path::new("/g/gopls"));
        assert_eq!(of(&[home, ("GOPLSCACHE", "")]), Path::new("/home/gopher/.cache/gopls"));
        assert_eq!(of(&[]), std::env::temp_dir().join("gopls"));
    }
}
