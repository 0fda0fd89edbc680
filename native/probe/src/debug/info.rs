//! gopls's `/info` page: whose debug server this is.

/// What the page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// The pid as the server itself sees it (another one inside a container).
    pub pid: u32,
    /// gopls's version, when it is a release.
    pub version: Option<String>,
    /// The Go version that built it.
    pub go_version: Option<String>,
}

/// A longer version is none.
const MAX_VERSION_BYTES: usize = 100;

/// Parses the page; the error is how it begins.
pub(super) fn parse(page: &str) -> Result<ServerInfo, String> {
    let stranger = || page.trim_start().chars().take(60).collect::<String>();
    if !page.contains("<title>Gopls ") {
        return Err(stranger());
    }
    let value = |name: &str| {
        let line = page.lines().find_map(|line| line.strip_prefix(name))?.trim();
        (!line.is_empty() && line.len() <= MAX_VERSION_BYTES).then_some(line)
    };
    let pid = value("pid: ").and_then(|text| text.parse().ok()).ok_or_else(stranger)?;
    let version = value("golang.org/x/tools/gopls ").filter(|text| text.starts_with('v'));
    Ok(ServerInfo { pid, version: version.map(str::to_owned), go_version: value("go: ").map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn pid_and_versions() {
        let page = "<html><title>Gopls version information</title>\n<pre>\npid: 4711\n</pre>\n<pre>\n\
                    golang.org/x/tools/gopls v0.23.0\n    golang.org/x/mod@v0.30.0 h1:x\ngo: go1.26.8\n</pre>";
        assert_eq!(
            parse(page).unwrap(),
            ServerInfo { pid: 4711, version: Some("v0.23.0".into()), go_version: Some("go1.26.8".into()) }
        );
        assert_eq!(parse(&page.replace("v0.23.0", "(devel)")).unwrap().version, None);
    }

    #[test]
    fn other_pages() {
        assert_eq!(parse("<html>nginx").unwrap_err(), "<html>nginx");
        assert!(parse("<title>Gopls </title>\npid: x\n").is_err());
        assert!(parse("").is_err());
    }
}
