//! CloudFormation: `list_awscloudformation.html`. `iam:PassRole` for the role of a stack is of the user guide, service role,
//! of whose versions some ask for it and some do not when the role is not given anew: here it is asked for.

use super::{Asked, Key, Row, need, row_of, tagged};

const PASSED: &[Key] = &[("iam:PassedToService", |_| {
    vec!["cloudformation.amazonaws.com".to_owned()]
})];

pub(super) const TABLE: &[Row] = &[
    row_of(
        "CreateStack",
        &[
            need("cloudformation:CreateStack", stack),
            // API reference, CreateStack: tags need the permission to tag.
            need("cloudformation:TagResource", stack).when(tagged),
            need("iam:PassRole", role).with(PASSED),
        ],
    ),
    row_of(
        "UpdateStack",
        &[
            need("cloudformation:UpdateStack", stack),
            need("cloudformation:TagResource", stack).when(tagged),
            need("iam:PassRole", role).with(PASSED),
        ],
    ),
    row_of(
        "DescribeStacks",
        &[need("cloudformation:DescribeStacks", stack)],
    ),
    row_of(
        "DescribeStackEvents",
        &[need("cloudformation:DescribeStackEvents", stack)],
    ),
];

/// The stack's ARN; of one that is not there, as far as it is known.
fn stack(asked: &Asked<'_>) -> Vec<String> {
    let Some(named) = asked.text("StackName") else {
        return vec!["*".to_owned()];
    };
    let known = asked.state.cloudformation.arn(named);
    let unknown = || asked.arn("cloudformation", "stack/", &format!("{named}/*"));
    vec![known.map_or_else(unknown, str::to_owned)]
}

fn role(asked: &Asked<'_>) -> Vec<String> {
    let given = asked.text("RoleARN");
    let held = || {
        let named = asked.text("StackName")?;
        asked.state.cloudformation.role(named)
    };
    given.or_else(held).map(str::to_owned).into_iter().collect()
}
