//! The plan, case by case: the rows of the ledger's table, the further cases, the settings, the refusals, and what always
//! holds.

mod alone;
mod always;
mod builders;
mod cases;
mod dates;
mod doubts;
mod ended;
mod evidence;
mod families;
mod force;
mod gaps;
mod ledger;
mod missing;
mod newest;
mod overtaken;
mod own;
mod platforms;
mod races;
mod refusals;
mod roads;
mod stacks;
mod standing;
mod tags;
mod waves;
