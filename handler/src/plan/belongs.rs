//! Which services belong to a repository by their name: `match = "name-prefix"`.
//!
//! A service's name takes letters, digits, `-` and `_` only, so `/` and `.` of a repository's name stand as `-` in it. The
//! repository `api` takes the services `api`, `api-worker` and `api_blue`, not `apis`. It does not take `api-admin` where
//! that one runs the repository `api-admin`: of the repositories that a service runs the one whose name fits best has it.
//!
//! What a service runs need not name the pushed repository then: with `action = "force"` it is deployed anew, which lets
//! ECS pull whatever stands behind the tag that it names (a replica, a pull-through cache). That connection is a name and
//! nothing else, so it holds only within one account and Region. With `action = "revision"` there is no image to change:
//! `refused`.

use super::Deciding;
use crate::config::Match;
use crate::image::Repository;

impl Deciding<'_> {
    /// Whether the service belongs to a repository by its name alone: none of its containers runs it.
    pub(super) fn belongs_by_name(&self, repository: &Repository) -> bool {
        if self.definition.repositories().contains(repository)
            || self.settings(repository).matching != Match::NamePrefix
        {
            return false;
        }
        let mut place = self.service.arn.split(':').skip(3);
        let here =
            place.next() == Some(&repository.region) && place.next() == Some(&repository.account);
        here && self.is_named_after(repository)
    }

    /// Whether the service's name begins with the repository's, and with that of no other that it runs more closely.
    pub(super) fn is_named_after(&self, repository: &Repository) -> bool {
        let name = &self.service.name;
        let closer = |other: &&Repository| {
            begins(name, &other.name) && other.name.len() > repository.name.len()
        };
        begins(name, &repository.name) && !self.definition.repositories().iter().any(closer)
    }
}

fn begins(service: &str, repository: &str) -> bool {
    let repository = repository.replace(['/', '.'], "-");
    service
        .strip_prefix(&repository)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

#[cfg(test)]
mod tests {
    use super::begins;

    #[test]
    fn a_name_begins_with_whole_words() {
        let table = [
            ("api", "api", true),
            ("api-worker", "api", true),
            ("api_blue", "api", true),
            ("apis", "api", false),
            ("my-api", "api", false),
            ("ap", "api", false),
            ("team-api-2", "team/api", true),
            ("api-2", "team/api", false),
            ("my-app", "my.app", true),
        ];
        for (service, repository, begin) in table {
            assert_eq!(begins(service, repository), begin, "{service} {repository}");
        }
    }
}
