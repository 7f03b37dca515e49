//! What the account may use, and how much of it is taken.

use serde_json::{Value, json};

use super::Lambda;

impl Lambda {
    pub(super) fn account_settings(&self) -> Value {
        let unreserved = self
            .account_concurrency
            .saturating_sub(self.reserved(|_| true));
        let code: usize = self.functions.values().map(|f| f.code.size).sum();
        json!({
            "AccountLimit": {
                "TotalCodeSize": 80_530_636_800_u64,
                "CodeSizeUnzipped": 262_144_000,
                "CodeSizeZipped": 52_428_800,
                "ConcurrentExecutions": self.account_concurrency,
                "UnreservedConcurrentExecutions": unreserved,
            },
            "AccountUsage": {"TotalCodeSize": code, "FunctionCount": self.functions.len()},
        })
    }

    /// What the functions with such a name have reserved together.
    pub(super) fn reserved(&self, which: impl Fn(&str) -> bool) -> u32 {
        let functions = self.functions.iter().filter(|(name, _)| which(name));
        functions
            .filter_map(|(_, function)| function.reserved)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Account, Clock, Options};

    #[tokio::test(start_paused = true)]
    async fn what_a_function_reserves_the_others_lack() {
        let start = "2026-03-01T00:00:00Z".parse().unwrap();
        let account = Account::new(Clock::new(start), Options::default());
        let call = |service, operation, input| account.call(service, operation, input).unwrap();
        let settings = || call("lambda", "GetAccountSettings", json!({}));
        assert_eq!(settings()["AccountUsage"]["FunctionCount"], 0);

        let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
        let role = json!({"RoleName": "r", "AssumeRolePolicyDocument": trust.to_string()});
        let role = call("iam", "CreateRole", role)["Role"]["Arn"].clone();
        let soon = start + chrono::TimeDelta::minutes(1);
        account.run_until(soon).await;
        let function = json!({"FunctionName": "f", "Role": role, "Runtime": "provided.al2023",
            "Handler": "bootstrap", "Code": {"ZipFile": "UEswMA=="}});
        call("lambda", "CreateFunction", function);
        let reserve = json!({"FunctionName": "f", "ReservedConcurrentExecutions": 3});
        call("lambda", "PutFunctionConcurrency", reserve);

        let settings = settings();
        assert_eq!(settings["AccountLimit"]["ConcurrentExecutions"], 1000);
        assert_eq!(
            settings["AccountLimit"]["UnreservedConcurrentExecutions"],
            997
        );
        assert_eq!(
            settings["AccountUsage"],
            json!({"TotalCodeSize": 4, "FunctionCount": 1})
        );
    }
}
