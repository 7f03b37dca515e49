//! What everything is called, and where it lives.

/// The three parts that every ARN begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `aws`, `aws-cn`, `aws-us-gov`: never assumed, because policies with the wrong one are refused.
    pub partition: String,
    /// For example `eu-west-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
}

impl Place {
    /// `arn:<partition>:<service>:<region>:<account>:<resource>`.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let Self {
            partition,
            region,
            account,
        } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// An ARN of IAM, which knows no Region.
    #[must_use]
    pub fn role_arn(&self, role: &str) -> String {
        let Self {
            partition, account, ..
        } = self;
        format!("arn:{partition}:iam::{account}:role/{role}")
    }

    /// The ARN of a dashboard, which knows no Region.
    #[must_use]
    pub fn dashboard_arn(&self, name: &str) -> String {
        let Self {
            partition, account, ..
        } = self;
        format!("arn:{partition}:cloudwatch::{account}:dashboard/{name}")
    }

    /// An ARN of S3, which knows neither Region nor account.
    #[must_use]
    pub fn bucket_arn(&self, bucket: &str) -> String {
        format!("arn:{}:s3:::{bucket}", self.partition)
    }
}

/// The names that setup gives. They follow from the configuration's `name` and the place alone, so that every ARN is
/// known before anything exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The configured name: trail, topic, function, metric filter, subscription filter and the metric's namespace; value of
    /// the owner tag.
    pub base: String,
    /// The trail's bucket; the account and the Region make it unique in the world.
    pub bucket: String,
    /// The trail's log group.
    pub log_group: String,
    /// The function's own log group, which Lambda dictates.
    pub function_log_group: String,
    /// The role with which CloudTrail writes to the log group. IAM is global: the Region tells two pipelines apart.
    pub trail_role: String,
    /// The function's role.
    pub handler_role: String,
    /// Events that the function failed on.
    pub failures: String,
    /// Messages that SNS could not hand to the function.
    pub undelivered: String,
    /// The alarm on the metric.
    pub alarm: String,
    /// The alarm on the queue of failures.
    pub failures_alarm: String,
    /// The rule behind the sweep.
    pub rule: String,
    /// The rule that tells the function how rolls ended.
    pub deployments: String,
    /// The rule behind `ecr-events`.
    pub ecr_events: String,
    /// The rule behind `cloudtrail-events`.
    pub cloudtrail_events: String,
}

/// The metric that counts pushes, in the namespace of the configured name.
pub const METRIC: &str = "Pushes";

/// The tag that marks what is ours; its value is the configured name.
pub const OWNER_TAG: &str = "ecroll:owner";

impl Names {
    /// The names for one configured name in one place. `log_group` is the configuration's own choice, if any.
    #[must_use]
    pub fn new(base: &str, log_group: Option<&str>, place: &Place) -> Self {
        let Place {
            region, account, ..
        } = place;
        Self {
            base: base.to_owned(),
            bucket: format!("{base}-{account}-{region}"),
            log_group: log_group.map_or_else(|| format!("/{base}/trail"), ToOwned::to_owned),
            function_log_group: format!("/aws/lambda/{base}"),
            trail_role: format!("{base}-{region}-trail"),
            handler_role: format!("{base}-{region}-handler"),
            failures: format!("{base}-failures"),
            undelivered: format!("{base}-undelivered"),
            alarm: format!("{base}-pushes"),
            failures_alarm: format!("{base}-failures"),
            rule: format!("{base}-sweep"),
            deployments: format!("{base}-deployments"),
            ecr_events: format!("{base}-ecr-events"),
            cloudtrail_events: format!("{base}-cloudtrail-events"),
        }
    }

    /// The ARN of our own trail, known before it exists.
    #[must_use]
    pub fn trail_arn(&self, place: &Place) -> String {
        place.arn("cloudtrail", &format!("trail/{}", self.base))
    }
}

#[cfg(test)]
mod tests {
    use super::{Names, Place};

    pub(crate) fn place(partition: &str, region: &str) -> Place {
        Place {
            partition: partition.to_owned(),
            region: region.to_owned(),
            account: "111122223333".to_owned(),
        }
    }

    #[test]
    fn names_follow_from_the_name_and_the_place() {
        let names = Names::new("ecroll", None, &place("aws", "eu-west-1"));
        insta::assert_debug_snapshot!(names);
    }

    #[test]
    fn the_longest_name_still_fits_everywhere() {
        let names = Names::new(&"n".repeat(24), None, &place("aws", "ap-southeast-1"));
        assert!(names.bucket.len() <= 63, "{}", names.bucket);
        assert!(names.trail_role.len() <= 64 && names.handler_role.len() <= 64);
        assert!(names.rule.len() <= 64 && names.deployments.len() <= 64 && names.base.len() <= 64);
    }

    #[test]
    fn arns_carry_the_partition() {
        let china = place("aws-cn", "cn-north-1");
        assert_eq!(china.role_arn("r"), "arn:aws-cn:iam::111122223333:role/r");
        assert_eq!(china.bucket_arn("b"), "arn:aws-cn:s3:::b");
        assert_eq!(
            china.arn("sns", "t"),
            "arn:aws-cn:sns:cn-north-1:111122223333:t"
        );
    }
}
