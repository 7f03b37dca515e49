//! Lambda: `list_awslambda.html`.

use super::{Asked, Key, Row, all, need, row_of, tagged};

const PASSED: &[Key] = &[("iam:PassedToService", |_| {
    vec!["lambda.amazonaws.com".to_owned()]
})];
const PRINCIPAL: &[Key] = &[("lambda:Principal", |asked| asked.whole("Principal"))];

pub(super) const TABLE: &[Row] = &[
    row_of(
        "GetAccountSettings",
        &[need("lambda:GetAccountSettings", all)],
    ),
    row_of("ListFunctions", &[need("lambda:ListFunctions", all)]),
    row_of(
        "CreateFunction",
        &[
            need("lambda:CreateFunction", function),
            need("lambda:TagResource", function).when(tagged),
            need("iam:PassRole", role).with(PASSED),
        ],
    ),
    row_of("GetFunction", &[need("lambda:GetFunction", function)]),
    row_of(
        "GetFunctionConfiguration",
        &[need("lambda:GetFunctionConfiguration", function)],
    ),
    row_of(
        "UpdateFunctionCode",
        &[need("lambda:UpdateFunctionCode", function)],
    ),
    row_of(
        "UpdateFunctionConfiguration",
        &[
            need("lambda:UpdateFunctionConfiguration", function),
            need("iam:PassRole", role).with(PASSED),
        ],
    ),
    row_of("DeleteFunction", &[need("lambda:DeleteFunction", function)]),
    row_of("TagResource", &[need("lambda:TagResource", resource)]),
    row_of("UntagResource", &[need("lambda:UntagResource", resource)]),
    row_of("ListTags", &[need("lambda:ListTags", resource)]),
    row_of(
        "AddPermission",
        &[need("lambda:AddPermission", function).with(PRINCIPAL)],
    ),
    row_of("GetPolicy", &[need("lambda:GetPolicy", function)]),
    row_of(
        "RemovePermission",
        &[need("lambda:RemovePermission", function)],
    ),
    row_of(
        "PutFunctionConcurrency",
        &[need("lambda:PutFunctionConcurrency", function)],
    ),
    row_of(
        "GetFunctionConcurrency",
        &[need("lambda:GetFunctionConcurrency", function)],
    ),
    row_of(
        "DeleteFunctionConcurrency",
        &[need("lambda:DeleteFunctionConcurrency", function)],
    ),
    row_of(
        "PutFunctionEventInvokeConfig",
        &[need("lambda:PutFunctionEventInvokeConfig", function)],
    ),
    row_of(
        "UpdateFunctionEventInvokeConfig",
        &[need("lambda:UpdateFunctionEventInvokeConfig", function)],
    ),
    row_of(
        "GetFunctionEventInvokeConfig",
        &[need("lambda:GetFunctionEventInvokeConfig", function)],
    ),
    row_of(
        "DeleteFunctionEventInvokeConfig",
        &[need("lambda:DeleteFunctionEventInvokeConfig", function)],
    ),
    row_of("Invoke", &[need("lambda:InvokeFunction", function)]),
];

fn function(asked: &Asked<'_>) -> Vec<String> {
    asked.named("lambda", "function:", "FunctionName")
}

fn resource(asked: &Asked<'_>) -> Vec<String> {
    asked.whole("Resource")
}

fn role(asked: &Asked<'_>) -> Vec<String> {
    let role = asked.text("Role").into_iter();
    role.map(|role| super::iam::role_arn(asked, role)).collect()
}
