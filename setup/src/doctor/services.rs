//! Who follows: the clusters that can be seen, their services, and whether a roll could move them.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::join;
use handler::config::Config;
use handler::{Context, Follower};

use super::ground::Ground;
use super::link::Link;
use super::order::{CLUSTERS, FEASIBILITY, SERVICES};
use super::{pushes, stacks, tasks};
use crate::error::Result;
use crate::inventory;

/// The services, and what of them could not be read; or why none can.
pub(super) type Followers = std::result::Result<(Vec<Follower>, Vec<String>), String>;

pub(super) async fn links(ground: &Ground<'_>) -> Vec<Link> {
    let now = ground.now;
    let config = Config {
        // Nobody is told of a rehearsal.
        notify: None,
        ..ground.config.clone()
    };
    let context = Context::new(config, ground.clients.sdk(), Arc::new(move || now));
    let (clusters, followers) = join!(
        Box::pin(inventory::clusters(ground.clients)),
        Box::pin(handler::followers(&context)),
    );
    let followers = followers.map_err(|error| error.to_string());
    let (pushed, tasks, stacks) = join!(
        Box::pin(pushes::link(ground, &context)),
        Box::pin(tasks::link(ground, &context, &followers)),
        Box::pin(stacks::link(ground.clients, &context)),
    );
    vec![
        seen(&clusters, &ground.config),
        followed(&followers),
        feasible(&followers),
        pushed,
        tasks,
        stacks,
    ]
}

fn seen(clusters: &Result<Vec<String>>, config: &Config) -> Link {
    let clusters = match clusters {
        Err(error) => return Link::refused(CLUSTERS, error),
        Ok(clusters) => clusters,
    };
    let (followed, left): (Vec<_>, Vec<_>) = clusters
        .iter()
        .partition(|cluster| config.follows_cluster(cluster));
    let name = |arn: &&String| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    // A name that is no pattern and that nobody has is most likely mistyped.
    let unknown = config.clusters.iter().filter(|wanted| {
        let only = Config {
            clusters: vec![(*wanted).clone()],
            ..config.clone()
        };
        !wanted.contains('*') && !clusters.iter().any(|arn| only.follows_cluster(arn))
    });
    let unknown: Vec<String> = unknown.map(|name| format!("`{name}`")).collect();
    if !unknown.is_empty() {
        return Link::ng(
            CLUSTERS,
            format!(
                "`clusters` names {}, and there is no such cluster",
                unknown.join(", ")
            ),
            "create it, or correct `clusters` in ecroll.toml and run `ecroll setup`",
        );
    }
    if followed.is_empty() {
        return Link::skip(CLUSTERS, "no cluster is there to follow yet");
    }
    let names: Vec<String> = followed.iter().map(name).collect();
    let targets = match config.targets.len() {
        0 => String::new(),
        targets => format!("; {targets} in `[[targets]]`, looked at by the handler alone"),
    };
    let left = match left.len() {
        0 => String::new(),
        left => format!("; {left} not followed"),
    };
    Link::ok(
        CLUSTERS,
        format!("follows {}{left}{targets}", names.join(", ")),
    )
}

fn followed(followers: &Followers) -> Link {
    let (followers, gaps) = match followers {
        Err(why) => return unreadable(why),
        Ok(read) => read,
    };
    let wrong: BTreeSet<String> = followers
        .iter()
        .filter(|follower| !follower.wrong.is_empty())
        .map(|follower| format!("{}: {}", path(follower), follower.wrong.join("; ")))
        .collect();
    if !wrong.is_empty() {
        let wrong: Vec<String> = wrong.into_iter().collect();
        return Link::ng(
            SERVICES,
            format!(
                "their own tags are wrong, so their pushes are refused: {}",
                wrong.join("; ")
            ),
            "correct the tags `ecroll:…` of the service (`aws ecs tag-resource`), or remove them",
        );
    }
    if !gaps.is_empty() {
        return Link::ng(
            SERVICES,
            format!("cannot be read: {}", gaps.join("; ")),
            "allow the call, or mend what ECS names",
        );
    }
    let services: BTreeSet<String> = followers.iter().map(path).collect();
    match services.len() {
        0 => Link::skip(
            SERVICES,
            "none runs an image of ECR in the followed clusters yet",
        ),
        1 => Link::ok(SERVICES, "1 follows"),
        many => Link::ok(SERVICES, format!("{many} follow")),
    }
}

fn unreadable(why: &str) -> Link {
    Link::ng(
        SERVICES,
        format!("cannot be read: {why}"),
        "allow the call: `ecroll setup --print-policy` prints all that is needed",
    )
}

fn feasible(followers: &Followers) -> Link {
    let Ok((followers, _)) = followers else {
        return Link::skip(FEASIBILITY, "the services cannot be read");
    };
    // Held services are left as they are.
    let rolled = followers
        .iter()
        .filter(|follower| follower.followed && !follower.settings.hold);
    let refused: BTreeSet<String> = rolled
        .clone()
        .filter_map(|follower| {
            let why = follower.refusal.as_ref()?;
            Some(format!("{}: {why}", path(follower)))
        })
        .collect();
    if refused.is_empty() {
        return match rolled.count() {
            0 => Link::skip(FEASIBILITY, "no service is there to roll yet"),
            _ => Link::ok(FEASIBILITY, "every service that follows can be rolled"),
        };
    }
    let refused: Vec<String> = refused.into_iter().collect();
    Link::ng(
        FEASIBILITY,
        format!("rolls are refused:\n{}", refused.join("\n")),
        "change the service as said, or leave it out: the tag `ecroll:hold` = `true`",
    )
}

/// Cluster and service.
pub(super) fn path(follower: &Follower) -> String {
    format!("{}/{}", follower.cluster, follower.service)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_cluster_that_is_named_and_not_there_is_a_fault() {
        let arn = |name: &str| format!("arn:aws:ecs:eu-west-1:111122223333:cluster/{name}");
        let told = |wanted: &[&str], there: &[&str]| {
            let config = Config {
                clusters: wanted.iter().map(|name| (*name).to_owned()).collect(),
                ..Config::default()
            };
            let there = there.iter().map(|name| arn(name)).collect();
            seen(&Ok(there), &config)
        };
        assert_eq!(told(&["*"], &[]).result, Verdict::Skip);
        assert_eq!(
            told(&["prod"], &["prod", "stage"]).detail,
            "follows prod; 1 not followed"
        );
        let mistyped = told(&["prod", "stge"], &["prod", "stage"]);
        assert_eq!(mistyped.result, Verdict::Ng);
        assert!(mistyped.detail.contains("`stge`"));
    }

    #[test]
    fn what_cannot_be_read_is_a_fault_and_hides_no_more_than_it_must() {
        let why = "ListClusters: AccessDeniedException: no".to_owned();
        assert_eq!(followed(&Err(why.clone())).result, Verdict::Ng);
        assert_eq!(feasible(&Err(why)).result, Verdict::Skip);
        let gap = Ok((Vec::new(), vec!["prod: DescribeServices: no".to_owned()]));
        assert_eq!(followed(&gap).result, Verdict::Ng);
        assert_eq!(
            followed(&Ok((Vec::new(), Vec::new()))).result,
            Verdict::Skip
        );
    }
}
