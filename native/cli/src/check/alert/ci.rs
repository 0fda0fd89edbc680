//! What the CI says of itself in the environment: which repository this is, and where the job is shown.

use std::path::Path;

use url::Url;

use crate::failure::Failure;

/// A variable of the environment that says something.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The repository, as GitHub or GitLab names it; elsewhere the name of the folder, without the path to it.
pub fn repository(folder: &str, read: impl Fn(&str) -> Option<String>) -> String {
    let named = read("GITHUB_REPOSITORY").or_else(|| read("CI_PROJECT_PATH"));
    let of_folder = || Path::new(folder).file_name().map(|name| name.to_string_lossy().into_owned());
    named.or_else(of_folder).unwrap_or_else(|| folder.to_owned())
}

/// The page of the job, on GitHub or GitLab.
pub fn link(read: impl Fn(&str) -> Option<String>) -> Option<String> {
    let on_github = || {
        let (server, repository) = (read("GITHUB_SERVER_URL")?, read("GITHUB_REPOSITORY")?);
        Some(format!("{server}/{repository}/actions/runs/{}", read("GITHUB_RUN_ID")?))
    };
    let link = on_github().or_else(|| read("CI_JOB_URL"))?;
    checked_link(&link).ok()
}

/// An address that may stand in a message.
pub fn checked_link(link: &str) -> Result<String, Failure> {
    let url = Url::parse(link).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
    url.map(String::from)
        .ok_or_else(|| Failure::Arguments("--link must be an address, as https://HOST/…".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GITHUB: [(&str, &str); 3] = [
        ("GITHUB_SERVER_URL", "https://github.example"),
        ("GITHUB_REPOSITORY", "shop/till"),
        ("GITHUB_RUN_ID", "42"),
    ];
    const GITLAB: [(&str, &str); 2] =
        [("CI_PROJECT_PATH", "shop/web"), ("CI_JOB_URL", "https://gitlab.example/shop/web/-/jobs/7")];

    fn within<'a>(all: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| all.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn github_and_gitlab_say_which_job_it_is() {
        let link = |all: &[(&str, &str)]| link(within(all));
        assert_eq!(link(&GITHUB).as_deref(), Some("https://github.example/shop/till/actions/runs/42"));
        assert_eq!(link(&GITHUB[..2]), None);
        assert_eq!(link(&GITLAB).as_deref(), Some("https://gitlab.example/shop/web/-/jobs/7"));
        assert_eq!(link(&[("CI_JOB_URL", "javascript:alert(1)")]), None);
    }

    #[test]
    fn elsewhere_the_folder_is_named_without_its_path() {
        assert_eq!(repository("/home/somebody/till", within(&[])), "till");
        assert_eq!(repository("a generated workspace", within(&[])), "a generated workspace");
        assert_eq!(repository("/x", within(&GITHUB)), "shop/till");
        assert_eq!(repository("/x", within(&GITLAB)), "shop/web");
    }
}
