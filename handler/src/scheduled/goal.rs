//! To which revision the tasks of a family move, and whether it is time: told by the services that run the family. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::{Config, OwnTags, ServiceSettings};
use crate::image::Repository;
use crate::inventory::{Definition, Gap, Inventory, Rollout, Service};
use crate::ledger::Entry;
use crate::plan::settings;
use crate::push::Push;
use crate::site::Place;

use super::task::family;

/// What becomes of the tasks of a family.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Goal {
    /// They move to this revision.
    Move(Run),
    /// They would, but for a service that may decide about them and cannot be read: why they wait.
    Unread(Run, String),
    /// Something is under way: another look-up decides.
    Wait(String),
    /// They stay where they are.
    Stay(String),
}

/// A revision that ecroll's ledger tells of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    /// The revision.
    pub(crate) definition: Arc<Definition>,
    /// The repositories whose images ecroll changes in this family.
    pub(crate) explained: BTreeSet<Repository>,
    /// `hold` is set.
    pub(crate) hold: bool,
    /// The push that the ledger names last: repository, tag, digest where it is known, identity.
    pub(crate) repository: Repository,
    pub(crate) tag: String,
    pub(crate) digest: String,
    pub(crate) push: String,
    /// Who runs it, for people.
    pub(crate) because: String,
}

impl Run {
    /// The family, as an ARN without a revision.
    pub(crate) fn family(&self) -> &str {
        family(&self.definition.arn).0
    }

    /// The number of the revision.
    pub(crate) fn number(&self) -> u64 {
        family(&self.definition.arn).1.unwrap_or_default()
    }
}

/// One service and what it says of its family.
#[derive(Debug, Clone)]
struct Lead {
    cluster: String,
    /// `cluster/service`.
    name: String,
    runs: String,
    says: Says,
}

#[derive(Debug, Clone)]
enum Says {
    Runs(Run),
    Waits(String),
    Stays(String),
    /// The ledger knows nothing of what it runs.
    Nothing,
    /// Tasks do not follow it: nobody asked for that.
    Unasked,
    /// What it runs could not be read: nobody knows whether tasks follow it.
    Unread(String),
}

impl Lead {
    fn is_asked(&self) -> bool {
        !matches!(self.says, Says::Unasked)
    }
}

/// What all families are to do.
#[derive(Debug, Default)]
pub(crate) struct Goals {
    /// By the family's ARN.
    leads: BTreeMap<String, Vec<Lead>>,
    /// Where further services are that nobody could read.
    hidden: Vec<Gap>,
}

impl Goals {
    /// What the services say. Those in `rolled`, by ARN, were rolled since the inventory was made.
    pub(crate) fn of(
        inventory: &Inventory,
        rolled: &BTreeSet<String>,
        pushes: &[Push],
        config: &Config,
    ) -> Self {
        let mut goals = Self {
            hidden: inventory.hidden().cloned().collect(),
            ..Self::default()
        };
        for service in &inventory.services {
            let (family, number) = family(&service.task_definition);
            if number.is_none() {
                continue;
            }
            let name = format!("{}/{}", service.cluster(), service.name);
            let says = match inventory.definitions.get(&service.task_definition) {
                Some(definition) => says(service, definition, rolled, pushes, config),
                None => Says::Unread(format!("what {name} runs could not be read")),
            };
            let leads = goals.leads.entry(family.to_owned()).or_default();
            leads.push(Lead {
                cluster: service.cluster_arn.clone(),
                name,
                runs: service.task_definition.clone(),
                says,
            });
        }
        goals
    }

    /// The families that follow, by their ARNs.
    pub(crate) fn follows(&self, family: &str) -> bool {
        let mut leads = self.leads.get(family).into_iter().flatten();
        leads.any(|lead| lead.is_asked() && !matches!(lead.says, Says::Unread(_)))
    }

    /// Whether any task may have to move; and to what: the same as long as nothing changes.
    pub(crate) fn moves(&self) -> BTreeSet<String> {
        let mut moves: BTreeSet<String> = BTreeSet::new();
        for lead in self.leads.values().flatten() {
            if let Says::Runs(run) = &lead.says {
                moves.insert(format!("{} {} {}", lead.name, lead.runs, run.hold));
            }
        }
        moves
    }

    /// What could not be read: with it somewhere else to move to may be hidden.
    pub(crate) fn unread(&self) -> impl Iterator<Item = String> {
        self.hidden
            .iter()
            .map(|gap| format!("{} unread", gap.whose()))
    }

    /// That tasks of this cluster move to this revision, unless a service that nobody could read may decide otherwise.
    /// `led_here` says whether services of the cluster itself do.
    ///
    /// Hidden services of the same cluster decide about its tasks. Those of other clusters do where the cluster's own do not,
    /// but what cannot be read for good is not waited for elsewhere: it counts as a cluster that does not follow.
    pub(crate) fn to(&self, run: Run, cluster: &str, led_here: bool) -> Goal {
        let mut hidden = self.hidden.iter();
        let decides = |gap: &&Gap| {
            let elsewhere = !led_here && gap.retryable && gap.place == Place::of(cluster);
            gap.is_of_cluster(cluster) || elsewhere
        };
        match hidden.find(decides) {
            Some(gap) => Goal::Unread(run, gap.waits()),
            None => Goal::Move(run),
        }
    }

    /// What becomes of a task of this family in this cluster; `None` where ecroll has nothing to say about it.
    ///
    /// The services of the same cluster decide, and where there is none, those of all clusters whose tasks follow. They have
    /// to be at rest and of one mind: while one of them still runs another revision, a wave may be waiting, or a policy
    /// holds it back. Where none of the cluster's own services has its tasks follow, those of other clusters say nothing.
    pub(crate) fn of_task(&self, family: &str, cluster: &str) -> Option<Goal> {
        let all = self.leads.get(family)?;
        let here: Vec<&Lead> = all.iter().filter(|lead| lead.cluster == cluster).collect();
        let led_here = !here.is_empty();
        let leads = if here.is_empty() {
            all.iter().filter(|lead| lead.is_asked()).collect()
        } else {
            here
        };
        let waits = leads.iter().find_map(|lead| match &lead.says {
            Says::Waits(why) | Says::Unread(why) => Some(Goal::Wait(why.clone())),
            _ => None,
        });
        let stays = leads.iter().find_map(|lead| match &lead.says {
            Says::Stays(why) => Some(Goal::Stay(why.clone())),
            _ => None,
        });
        if waits.is_some() || stays.is_some() {
            return waits.or(stays);
        }
        let run = leads.iter().find_map(|lead| match &lead.says {
            Says::Runs(run) => Some((lead, run)),
            _ => None,
        });
        let (first, run) = run?;
        if let Some(other) = leads.iter().find(|lead| lead.runs != first.runs) {
            return Some(Goal::Stay(format!(
                "{} runs {} and {} {}: tasks of the family move when its services run the same revision",
                first.name,
                brief(&first.runs),
                other.name,
                brief(&other.runs)
            )));
        }
        let hold = leads
            .iter()
            .any(|lead| matches!(&lead.says, Says::Runs(run) if run.hold));
        let run = Run {
            hold,
            ..run.clone()
        };
        Some(self.to(run, cluster, led_here))
    }
}

/// `family:revision`.
pub(crate) fn brief(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// What a service says of its family.
fn says(
    service: &Service,
    definition: &Arc<Definition>,
    rolled: &BTreeSet<String>,
    pushes: &[Push],
    config: &Config,
) -> Says {
    let own = OwnTags::read(&service.tags);
    if !own.wrong.is_empty() {
        return Says::Unasked;
    }
    let followed: Vec<(&Repository, ServiceSettings)> = definition
        .repositories()
        .into_iter()
        .filter(|repository| config.follows_repository(&repository.name))
        .map(|repository| (repository, settings(service, &own, repository, config)))
        .filter(|(_, settings)| settings.scheduled)
        .collect();
    if followed.is_empty() {
        return Says::Unasked;
    }
    let name = format!("{}/{}", service.cluster(), service.name);
    let runs = &service.task_definition;
    // The ledger's entries about this family, the newest revision last.
    let mut entries: Vec<(u64, &Repository, bool, Entry)> = followed
        .iter()
        .filter_map(|(repository, settings)| {
            let entry = service.entry(repository)?;
            let number = family(&entry.new.beside(runs)?).1?;
            Some((number, *repository, settings.hold, entry))
        })
        .collect();
    entries.sort_by_key(|(number, .., entry)| (*number, entry.time));
    let explained = entries.iter().map(|(_, of, ..)| (*of).clone()).collect();
    let Some((newest, repository, _, entry)) = entries.last() else {
        return Says::Nothing;
    };
    if rolled.contains(&service.arn) || service.is_deploying() {
        return Says::Waits(format!("the deployment of {name} is not over yet"));
    }
    let number = family(runs).1.unwrap_or_default();
    if *newest != number {
        return Says::Stays(format!(
            "{name} runs {}, and ecroll's ledger tells of revision {newest}: it was rolled back, or somebody else deployed",
            brief(runs)
        ));
    }
    if service.rollout != Some(Rollout::Completed) {
        return Says::Stays(format!(
            "the deployment of {} at {name} did not complete",
            brief(runs)
        ));
    }
    let seen = pushes.iter().find(|push| entry.names(push));
    let stamp = definition.stamp(repository);
    let digest = seen.map(|push| push.digest.clone());
    Says::Runs(Run {
        definition: Arc::clone(definition),
        explained,
        hold: entries.iter().any(|(_, _, hold, _)| *hold),
        repository: (*repository).clone(),
        tag: entry.tag.clone(),
        digest: digest
            .or_else(|| stamp.map(|stamp| stamp.digest))
            .unwrap_or_default(),
        push: seen.map_or_else(|| entry.called().to_owned(), |push| push.id().to_owned()),
        because: format!("{name} runs it"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lead(cluster: &str, number: u32, is_asked: bool) -> Lead {
        let arn = format!("arn:aws:ecs:eu-west-1:000000000000:task-definition/web:{number}");
        let raw = json!({"taskDefinitionArn": arn, "containerDefinitions": []});
        let definition = Definition::read(&json!({"taskDefinition": raw, "tags": []})).unwrap();
        let repository = Repository {
            account: "000000000000".to_owned(),
            region: "eu-west-1".to_owned(),
            name: "web".to_owned(),
        };
        let run = Run {
            definition: Arc::new(definition),
            explained: BTreeSet::from([repository.clone()]),
            hold: false,
            repository,
            tag: "v1".to_owned(),
            digest: String::new(),
            push: "p".to_owned(),
            because: String::new(),
        };
        Lead {
            cluster: cluster.to_owned(),
            name: format!("{cluster}/web"),
            runs: arn,
            says: if is_asked {
                Says::Runs(run)
            } else {
                Says::Unasked
            },
        }
    }

    #[test]
    fn rule_04_tasks_of_a_cluster_whose_own_service_nobody_asked_about_do_not_follow_another_cluster()
     {
        const FAMILY: &str = "arn:aws:ecs:eu-west-1:000000000000:task-definition/web";
        let of = |leads: Vec<Lead>| Goals {
            leads: BTreeMap::from([(FAMILY.to_owned(), leads)]),
            hidden: Vec::new(),
        };
        let goals = of(vec![lead("staging", 6, true), lead("prod", 5, false)]);
        let moves = |goal: Option<Goal>| matches!(goal, Some(Goal::Move(run)) if run.number() == 6);
        assert_eq!(goals.of_task(FAMILY, "prod"), None);
        assert!(moves(goals.of_task(FAMILY, "staging")));
        assert!(moves(goals.of_task(FAMILY, "batch")), "no service there");
        assert!(goals.follows(FAMILY));
        assert!(!of(vec![lead("prod", 5, false)]).follows(FAMILY));
        // In one cluster the services have to be of one mind, whether they were asked about or not.
        let mixed = of(vec![lead("prod", 6, true), lead("prod", 5, false)]);
        assert!(matches!(mixed.of_task(FAMILY, "prod"), Some(Goal::Stay(_))));
    }

    #[test]
    fn rule_01_what_cannot_be_read_holds_only_tasks_about_which_it_may_decide() {
        const FAMILY: &str = "arn:aws:ecs:eu-west-1:000000000000:task-definition/web";
        let cluster = |name: &str| format!("arn:aws:ecs:eu-west-1:000000000000:cluster/{name}");
        let gap = |name: &str, retryable| Gap {
            place: Place::of(FAMILY),
            cluster: name.to_owned(),
            service: String::new(),
            reason: "AccessDenied".to_owned(),
            retryable,
        };
        let goals = |gap: Gap| Goals {
            leads: BTreeMap::from([(FAMILY.to_owned(), vec![lead(&cluster("prod"), 6, true)])]),
            hidden: vec![gap],
        };
        let waits = |gap: Gap, name: &str| match goals(gap).of_task(FAMILY, &cluster(name)) {
            Some(Goal::Unread(run, why)) if run.number() == 6 => Some(why),
            Some(Goal::Move(_)) => None,
            other => panic!("{other:?}"),
        };
        for for_good in [true, false] {
            let gap = |name: &str| gap(name, !for_good);
            let why = waits(gap("prod"), "prod").unwrap();
            assert!(
                why.contains("prod") && why.contains("AccessDenied"),
                "{why}"
            );
            assert_eq!(waits(gap("jobs"), "prod"), None, "its own services decide");
            assert!(waits(gap("jobs"), "jobs").is_some());
            assert!(waits(gap("*"), "prod").is_some());
            assert_eq!(waits(gap("jobs"), "batch").is_some(), !for_good);
            let elsewhere = Gap {
                place: Place::of("arn:aws:ecs:eu-west-1:222222222222:cluster/x"),
                ..gap("prod")
            };
            assert_eq!(
                waits(elsewhere, "prod"),
                None,
                "a cluster of that name elsewhere"
            );
        }
    }
}
