//! The model on small histories in a real pocket account: with the real handler it is silent; with a wrong one in its place
//! it names the rule.

mod actor;
mod holds;
mod registry;
mod rule_01;
mod rule_02;
mod rule_03;
mod rule_04;
mod rule_05;
mod rule_06;
mod rule_07;
mod rule_08;
mod rule_09;
mod rule_10;
mod stage;
mod waves;
