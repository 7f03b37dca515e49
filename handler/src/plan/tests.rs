//! The plan, case by case: the rows of the ledger's table, the further cases, the refusals, and what always holds.

mod always;
mod builders;
mod cases;
mod ended;
mod ledger;
mod refusals;
