//! Which service belongs to which wave. Pure.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use handler::standing::Standing;
use serde::Serialize;

use super::ServiceStatus;

/// One wave, and who is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaveStatus {
    /// The first is 1.
    pub wave: usize,
    /// What the configuration names; nothing for the last, which holds all others.
    pub named: Vec<String>,
    /// The services that follow and are shown, `cluster/service` each.
    pub services: Vec<String>,
}

/// The waves of the configuration with the services that were judged; none where it has none.
pub(super) fn waves(named: &[Vec<String>], services: &[ServiceStatus]) -> Vec<WaveStatus> {
    if named.is_empty() {
        return Vec::new();
    }
    let mut members: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for service in services {
        if let Some(wave) = service.wave {
            members.entry(wave).or_default().push(service.name());
        }
    }
    let rest = [Vec::new()];
    let all = named.iter().chain(&rest).zip(1..);
    all.map(|(named, wave)| WaveStatus {
        wave,
        named: named.clone(),
        services: members.remove(&wave).unwrap_or_default(),
    })
    .collect()
}

/// A service's wave, as all its standings say.
pub(super) fn of(standings: &[&Standing]) -> Option<usize> {
    let mut waves = standings.iter().filter_map(|one| one.wave.as_ref());
    waves.next().map(|wave| wave.number)
}

impl Display for WaveStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wave {}: ", self.wave)?;
        match self.services.as_slice() {
            [] => write!(f, "none")?,
            services => write!(f, "{}", services.join(", "))?,
        }
        match self.named.as_slice() {
            [] => write!(f, " (all others)"),
            _ => Ok(()),
        }
    }
}
