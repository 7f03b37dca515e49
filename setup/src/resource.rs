//! The resources of the pipeline: one file per kind.
//!
//! Each kind is one type that describes a resource as it should be and as it is. `read` fetches the live one, `fields`
//! lays either out for comparison, `create` and `change` bring the live one to the desired state. A change is told
//! which fields differ and sends only the calls that concern them.

pub mod alarm;
pub mod bucket;
pub mod dashboard;
pub mod function;
pub mod log_group;
pub mod metric_filter;
pub mod permission;
pub mod queue;
pub mod role;
pub mod rule;
pub mod subscription;
pub mod subscription_filter;
pub mod topic;
pub mod trail;

use crate::clients::Clients;
use crate::diff::{Action, Change, Fields, compare};
use crate::error::{Error, Result};
use crate::names::OWNER_TAG;

pub use alarm::Alarm;
pub use bucket::Bucket;
pub use dashboard::Dashboard;
pub use function::Function;
pub use log_group::LogGroup;
pub use metric_filter::MetricFilter;
pub use permission::Permission;
pub use queue::Queue;
pub use role::Role;
pub use rule::{Rule, When};
pub use subscription::Subscription;
pub use subscription_filter::SubscriptionFilter;
pub use topic::Topic;
pub use trail::Trail;

/// A live resource, and whether it is ours to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live<R> {
    /// Its state, in the terms of the desired one.
    pub state: R,
    /// Whether it carries our owner tag. What cannot carry tags belongs to what it hangs on.
    pub owned: bool,
}

/// What a finished creation or change wants to tell the operator.
pub(crate) type Note = Option<String>;

/// What every kind can do.
pub(crate) trait Kind: Sized {
    /// The kind's name, for example `log group`.
    const KIND: &'static str;

    /// Whether the pipeline works without it. Then an endpoint that does not know the kind, as emulators may, is none the
    /// worse for it.
    const OPTIONAL: bool = false;

    /// The resource's name.
    fn name(&self) -> &str;

    /// Everything that setup sets, laid out for comparison.
    fn fields(&self) -> Fields;

    /// What the operator should know before it is created or changed.
    fn note(&self) -> Note {
        None
    }

    /// What the operator should know of a live one, that setup leaves as it is.
    fn warning(&self) -> Note {
        None
    }

    /// Whether to create it where it is missing. A switched-off rule need not exist to be off.
    fn wanted(&self) -> bool {
        true
    }

    /// Why it cannot be made although it is missing and wanted, where the pipeline can go on without it.
    async fn obstacle(&self, _: &Clients) -> Result<Option<String>> {
        Ok(None)
    }

    /// The live state; `None` where there is none.
    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>>;

    /// Creates it and everything about it.
    async fn create(&self, clients: &Clients) -> Result<Note>;

    /// Mends what differs.
    async fn change(&self, clients: &Clients, change: &Change) -> Result<Note>;

    /// Removes it; that it is gone already is no failure. What goes with the thing that it hangs on needs nothing.
    async fn remove(&self, _: &Clients) -> Result<Note> {
        Ok(None)
    }
}

/// What the comparison of one resource found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It is missing, differs, or is as it should be.
    Ours(Change),
    /// Somebody else's resource has the name.
    Foreign(Change),
    /// It is missing, and something of others is in its way; the note says what.
    Blocked(Change),
    /// It is not there, and need not be.
    Nothing,
}

async fn inspect<R: Kind>(desired: &R, clients: &Clients) -> Result<Finding> {
    let mut change = Change {
        action: Action::Create,
        resource: R::KIND,
        name: desired.name().to_owned(),
        fields: Vec::new(),
        note: None,
    };
    let live = match desired.read(clients).await {
        Err(Error::Refused(refusal)) if R::OPTIONAL && refusal.is_unknown() => {
            change.action = Action::Keep;
            change.note = Some(format!(
                "this endpoint knows no such thing ({}); the pipeline works without it",
                refusal.code
            ));
            return Ok(Finding::Ours(change));
        }
        live => live?,
    };
    let mut warning = None;
    match live {
        None if !desired.wanted() => return Ok(Finding::Nothing),
        None => match desired.obstacle(clients).await? {
            None => change.fields = desired.fields().created(),
            Some(why) => {
                change.action = Action::Keep;
                change.note = Some(why);
                return Ok(Finding::Blocked(change));
            }
        },
        Some(live) if !live.owned => return Ok(Finding::Foreign(change)),
        Some(live) => {
            change.fields = compare(&desired.fields(), &live.state.fields());
            warning = live.state.warning();
            let same = change.fields.is_empty();
            change.action = if same { Action::Keep } else { Action::Change };
        }
    }
    let own = change.is_work().then(|| desired.note()).flatten();
    let notes: Vec<String> = own.into_iter().chain(warning).collect();
    change.note = (!notes.is_empty()).then(|| notes.join("; "));
    Ok(Finding::Ours(change))
}

async fn bring<R: Kind>(desired: &R, clients: &Clients, change: &Change) -> Result<Note> {
    match change.action {
        Action::Create => desired.create(clients).await,
        Action::Change => desired.change(clients, change).await,
        Action::Remove => desired.remove(clients).await,
        Action::Keep => Ok(None),
    }
}

/// What destroying would do to a resource: whether it is there, and ours.
async fn inspect_removal<R: Kind>(resource: &R, clients: &Clients) -> Result<Finding> {
    let subject = Change {
        action: Action::Remove,
        resource: R::KIND,
        name: resource.name().to_owned(),
        fields: Vec::new(),
        note: None,
    };
    Ok(match resource.read(clients).await {
        Ok(None) => Finding::Nothing,
        Ok(Some(live)) if live.owned => Finding::Ours(subject),
        Ok(Some(_)) => Finding::Foreign(subject),
        Err(Error::Refused(refusal)) if R::OPTIONAL && refusal.is_unknown() => Finding::Nothing,
        // A namesake of another account or another home Region: it is not the one that is asked about.
        Err(Error::Wrong(why)) => Finding::Ours(Change {
            action: Action::Keep,
            note: Some(why),
            ..subject
        }),
        Err(error) => return Err(error),
    })
}

/// Any resource of the pipeline.
#[derive(Debug, Clone)]
pub enum Resource {
    /// Where the trail keeps its files.
    Bucket(Bucket),
    /// The trail's log group, or the function's.
    LogGroup(LogGroup),
    /// CloudTrail's role, or the function's.
    Role(Role),
    /// The trail.
    Trail(Trail),
    /// The alarm's topic.
    Topic(Topic),
    /// Failures of the function, or messages that SNS could not deliver.
    Queue(Queue),
    /// The handler.
    Function(Function),
    /// Who may invoke the function.
    Permission(Permission),
    /// The function's subscription to the topic.
    Subscription(Subscription),
    /// What counts pushes.
    MetricFilter(MetricFilter),
    /// What hands pushes to the function as soon as the log shows them.
    SubscriptionFilter(SubscriptionFilter),
    /// What notices them, or what failed.
    Alarm(Alarm),
    /// The sweep, and what events of other services wait for.
    Rule(Rule),
    /// What an operator wants to see.
    Dashboard(Dashboard),
}

macro_rules! each {
    ($resource:expr, $inner:ident => $then:expr) => {
        match $resource {
            Resource::Bucket($inner) => $then,
            Resource::LogGroup($inner) => $then,
            Resource::Role($inner) => $then,
            Resource::Trail($inner) => $then,
            Resource::Topic($inner) => $then,
            Resource::Queue($inner) => $then,
            Resource::Function($inner) => $then,
            Resource::Permission($inner) => $then,
            Resource::Subscription($inner) => $then,
            Resource::MetricFilter($inner) => $then,
            Resource::SubscriptionFilter($inner) => $then,
            Resource::Alarm($inner) => $then,
            Resource::Rule($inner) => $then,
            Resource::Dashboard($inner) => $then,
        }
    };
}

impl Resource {
    /// Reads the live state and compares.
    pub(crate) async fn inspect(&self, clients: &Clients) -> Result<Finding> {
        // Boxed: the futures of SDK calls are large, and here any of fourteen kinds may be meant.
        each!(self, resource => Box::pin(inspect(resource, clients)).await)
    }

    /// Reads the live state and tells whether it is there to be removed.
    pub(crate) async fn inspect_removal(&self, clients: &Clients) -> Result<Finding> {
        each!(self, resource => Box::pin(inspect_removal(resource, clients)).await)
    }

    /// Does what a plan says about it.
    pub(crate) async fn bring(&self, clients: &Clients, change: &Change) -> Result<Note> {
        each!(self, resource => Box::pin(bring(resource, clients, change)).await)
    }
}

/// Whether a list of tags says that a resource belongs to `owner`.
pub(crate) fn owned<'a>(
    owner: &str,
    tags: impl IntoIterator<Item = (Option<&'a str>, Option<&'a str>)>,
) -> bool {
    tags.into_iter()
        .any(|(key, value)| key == Some(OWNER_TAG) && value == Some(owner))
}
