//! What only follows from an earlier fault waits for it instead of being a fault of its own. Pure.

use super::link::{Checkup, Link, Verdict};
use super::order::{CREDENTIALS, LINKS, NEEDS, Need};

/// The examination ended at its first fault: all other links wait for that.
pub(super) fn stopped(links: Vec<Link>) -> Checkup {
    let first = links.iter().find(|link| link.result == Verdict::Ng);
    let first = first.map_or(CREDENTIALS, |link| link.link);
    let rest = LINKS
        .into_iter()
        .filter(|name| links.iter().all(|link| link.link != *name));
    let rest = rest.map(|name| waits(name, first)).collect();
    settled([links, rest].concat())
}

/// Puts the links into their order, without the faults that follow from others.
pub(super) fn settled(mut links: Vec<Link>) -> Checkup {
    let place = |link: &Link| LINKS.iter().position(|name| *name == link.link);
    links.sort_by_key(place);
    let ordered = links;
    let broken = |name: &str, need: Need| {
        ordered.iter().any(|link| {
            link.link == name && link.result == Verdict::Ng && (need == Need::Sound || link.gone)
        })
    };
    let links = ordered.iter().map(|link| {
        let mut needs = NEEDS.iter().filter(|(later, ..)| *later == link.link);
        match needs.find(|(_, earlier, need)| broken(earlier, *need)) {
            Some((_, earlier, _)) if !link.is_ok() => waits(link.link, earlier),
            _ => link.clone(),
        }
    });
    Checkup {
        links: links.collect(),
    }
}

fn waits(link: &'static str, what: &str) -> Link {
    Link::skip(link, format!("waits for `{what}`"))
}

#[cfg(test)]
mod tests {
    use super::super::order::{
        ALARM, FUNCTION, HANDLER_ROLE, LOOK_UPS, METRIC, METRIC_FILTER, SWEEP,
    };
    use super::*;

    fn all() -> Vec<Link> {
        LINKS.map(|name| Link::ok(name, "fine")).to_vec()
    }

    fn with(links: Vec<Link>) -> Vec<Link> {
        let mut all = all();
        for link in links {
            all.retain(|other| other.link != link.link);
            all.push(link);
        }
        settled(all).links
    }

    fn ng(links: &[Link]) -> Vec<&str> {
        let links = links.iter().filter(|link| link.result == Verdict::Ng);
        links.map(|link| link.link).collect()
    }

    #[test]
    fn what_follows_from_an_earlier_fault_waits_and_what_is_sound_stays() {
        let links = with(vec![
            Link::missing(METRIC_FILTER, "gone"),
            Link::ng(METRIC, "no datapoint", "look"),
            Link::ng(ALARM, "changed", "run it"),
        ]);
        assert_eq!(ng(&links), [METRIC_FILTER, ALARM]);
        let metric = links.iter().find(|link| link.link == METRIC).unwrap();
        assert_eq!(metric.detail, "waits for `metric filter`");
        assert_eq!(metric.mend, None);
        let names: Vec<&str> = links.iter().map(|link| link.link).collect();
        assert_eq!(names, LINKS);
    }

    #[test]
    fn a_changed_function_is_still_there() {
        let broken = |function: Link| {
            let links = with(vec![function, Link::ng(SWEEP, "off", "run it")]);
            ng(&links).contains(&SWEEP)
        };
        assert!(broken(Link::ng(FUNCTION, "changed", "run it")));
        assert!(!broken(Link::missing(FUNCTION, "gone")));
    }

    #[test]
    fn what_was_never_examined_waits_for_what_stopped_it() {
        let links = stopped(vec![Link::ng(CREDENTIALS, "no", "get some")]).links;
        assert_eq!(ng(&links), [CREDENTIALS]);
        assert_eq!(links.len(), LINKS.len());
        assert!(
            links
                .iter()
                .skip(1)
                .all(|link| link.detail == "waits for `credentials`")
        );
    }

    #[test]
    fn every_need_names_known_links_and_none_needs_itself_in_a_circle() {
        for (later, earlier, _) in NEEDS {
            assert!(
                LINKS.contains(later) && LINKS.contains(earlier),
                "{later} {earlier}"
            );
            assert_ne!(later, earlier);
        }
        // One that waits is no fault, so a chain of faults ends at its first.
        let links = with(vec![
            Link::ng(HANDLER_ROLE, "changed", "run it"),
            Link::ng(LOOK_UPS, "late", "look"),
        ]);
        assert_eq!(ng(&links), [HANDLER_ROLE]);
    }
}
