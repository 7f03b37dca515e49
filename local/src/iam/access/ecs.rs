//! Amazon ECS: `list_amazonelasticcontainerservice.html`.

use super::{Asked, Key, Need, Row, all, need, row_of, tagged};

const IN_CLUSTER: &[Key] = &[("ecs:cluster", cluster)];
const OF_SERVICE: &[Key] = &[("ecs:cluster", cluster), ("ecs:service", parents)];
const TO_DEFINITION: &[Key] = &[
    ("ecs:cluster", cluster),
    ("ecs:task-definition", definition),
    ("ecs:enable-execute-command", execute_command),
];
const DEFINING: &[Key] = &[
    ("ecs:task-cpu", |asked| values(asked, "cpu")),
    ("ecs:task-memory", |asked| values(asked, "memory")),
    ("ecs:compute-compatibility", |asked| {
        let texts = asked.texts("requiresCompatibilities");
        texts.into_iter().map(str::to_owned).collect()
    }),
    ("ecs:privileged", privileged),
];

const CREATE_CLUSTER: &[Key] = &[("ecs:CreateAction", |_| vec!["CreateCluster".to_owned()])];
const CREATE_SERVICE: &[Key] = &[("ecs:CreateAction", |_| vec!["CreateService".to_owned()])];
const REGISTER: &[Key] = &[("ecs:CreateAction", |_| {
    vec!["RegisterTaskDefinition".to_owned()]
})];

pub(super) const TABLE: &[Row] = &[
    row_of(
        "CreateCluster",
        &[
            need("ecs:CreateCluster", new_cluster),
            tags_of(new_cluster, CREATE_CLUSTER),
        ],
    ),
    row_of("DeleteCluster", &[need("ecs:DeleteCluster", one_cluster)]),
    row_of("ListClusters", &[need("ecs:ListClusters", all)]),
    row_of(
        "DescribeClusters",
        &[need("ecs:DescribeClusters", clusters)],
    ),
    row_of(
        "RegisterTaskDefinition",
        &[
            need("ecs:RegisterTaskDefinition", family).with(DEFINING),
            tags_of(family, REGISTER),
            need("iam:PassRole", passed).with(&[("iam:PassedToService", to_tasks)]),
        ],
    ),
    row_of(
        "DescribeTaskDefinition",
        &[need("ecs:DescribeTaskDefinition", all)],
    ),
    row_of(
        "DeregisterTaskDefinition",
        &[need("ecs:DeregisterTaskDefinition", all)],
    ),
    row_of(
        "ListTaskDefinitions",
        &[need("ecs:ListTaskDefinitions", all)],
    ),
    row_of(
        "ListTaskDefinitionFamilies",
        &[need("ecs:ListTaskDefinitionFamilies", all)],
    ),
    row_of(
        "CreateService",
        &[
            need("ecs:CreateService", new_service).with(TO_DEFINITION),
            tags_of(new_service, CREATE_SERVICE),
            need("iam:PassRole", service_role).with(&[("iam:PassedToService", to_ecs)]),
        ],
    ),
    row_of(
        "UpdateService",
        &[need("ecs:UpdateService", service).with(TO_DEFINITION)],
    ),
    row_of(
        "DeleteService",
        &[need("ecs:DeleteService", service).with(IN_CLUSTER)],
    ),
    row_of(
        "ListServices",
        &[need("ecs:ListServices", all).with(IN_CLUSTER)],
    ),
    row_of(
        "DescribeServices",
        &[need("ecs:DescribeServices", services).with(IN_CLUSTER)],
    ),
    row_of("TagResource", &[need("ecs:TagResource", resource)]),
    row_of("UntagResource", &[need("ecs:UntagResource", resource)]),
    row_of(
        "ListTagsForResource",
        &[need("ecs:ListTagsForResource", resource)],
    ),
    row_of(
        "ListServiceDeployments",
        &[need("ecs:ListServiceDeployments", service).with(IN_CLUSTER)],
    ),
    row_of(
        "DescribeServiceDeployments",
        &[need("ecs:DescribeServiceDeployments", |a| {
            below(a, "serviceDeploymentArns")
        })
        .with(OF_SERVICE)],
    ),
    row_of(
        "DescribeServiceRevisions",
        &[need("ecs:DescribeServiceRevisions", |a| {
            below(a, "serviceRevisionArns")
        })
        .with(OF_SERVICE)],
    ),
    row_of(
        "StopServiceDeployment",
        &[need("ecs:StopServiceDeployment", |a| {
            below(a, "serviceDeploymentArn")
        })
        .with(OF_SERVICE)],
    ),
    row_of(
        "ListTasks",
        &[need("ecs:ListTasks", instances).with(IN_CLUSTER)],
    ),
    row_of(
        "DescribeTasks",
        &[need("ecs:DescribeTasks", tasks).with(IN_CLUSTER)],
    ),
];

/// Tagging while creating is an action of its own, confined by `ecs:CreateAction`. Source: ECS developer guide, "Grant
/// permission to tag resources on creation".
const fn tags_of(on: fn(&Asked<'_>) -> Vec<String>, creating: &'static [Key]) -> Need {
    need("ecs:TagResource", on).with(creating).when(tagged)
}

fn cluster_name<'a>(asked: &'a Asked<'_>) -> &'a str {
    let given = asked.text("cluster").filter(|name| !name.is_empty());
    let given = given.unwrap_or("default");
    given
        .split_once(":cluster/")
        .map_or(given, |(_, name)| name)
}

/// The cluster that the call names, or that its service or deployment is in.
fn cluster(asked: &Asked<'_>) -> Vec<String> {
    let lists = ["serviceDeploymentArns", "serviceRevisionArns"];
    let mut named: Vec<&str> = lists.iter().flat_map(|list| asked.texts(list)).collect();
    named.extend(asked.text("serviceDeploymentArn"));
    if named.is_empty() {
        return vec![
            asked
                .place
                .arn("ecs", &format!("cluster/{}", cluster_name(asked))),
        ];
    }
    let cluster = |arn: &str| {
        let name = arn.split('/').nth(1).unwrap_or_default();
        asked.place.arn("ecs", &format!("cluster/{name}"))
    };
    named.into_iter().map(cluster).collect()
}

fn new_cluster(asked: &Asked<'_>) -> Vec<String> {
    let name = asked.text("clusterName").unwrap_or("default");
    vec![asked.arn("ecs", "cluster/", name)]
}

fn one_cluster(asked: &Asked<'_>) -> Vec<String> {
    cluster(asked)
}

fn clusters(asked: &Asked<'_>) -> Vec<String> {
    let mut names = asked.texts("clusters");
    if names.is_empty() {
        names.push("default");
    }
    names
        .into_iter()
        .map(|name| asked.arn("ecs", "cluster/", name))
        .collect()
}

fn service_arn(asked: &Asked<'_>, name: &str) -> String {
    asked.arn("ecs", &format!("service/{}/", cluster_name(asked)), name)
}

fn service(asked: &Asked<'_>) -> Vec<String> {
    vec![service_arn(asked, asked.text("service").unwrap_or("*"))]
}

fn new_service(asked: &Asked<'_>) -> Vec<String> {
    vec![service_arn(asked, asked.text("serviceName").unwrap_or("*"))]
}

fn services(asked: &Asked<'_>) -> Vec<String> {
    let names = asked.texts("services");
    names
        .into_iter()
        .map(|name| service_arn(asked, name))
        .collect()
}

fn resource(asked: &Asked<'_>) -> Vec<String> {
    asked.whole("resourceArn")
}

/// A registration does not know its revision yet.
fn family(asked: &Asked<'_>) -> Vec<String> {
    let family = asked.text("family").unwrap_or("*");
    vec![
        asked
            .place
            .arn("ecs", &format!("task-definition/{family}:*")),
    ]
}

/// The full ARN of the definition that the service is to run: a family stands for its newest revision.
fn definition(asked: &Asked<'_>) -> Vec<String> {
    let Some(named) = asked.text("taskDefinition") else {
        return Vec::new();
    };
    let known = asked.state.ecs.definition_arn(named, asked.place);
    vec![known.unwrap_or_else(|| asked.arn("ecs", "task-definition/", named))]
}

/// The services of deployments and revisions: `…:<kind>/<cluster>/<service>/<id>`.
fn parents(asked: &Asked<'_>) -> Vec<String> {
    let lists = ["serviceDeploymentArns", "serviceRevisionArns"];
    let mut named: Vec<&str> = lists.iter().flat_map(|list| asked.texts(list)).collect();
    named.extend(asked.text("serviceDeploymentArn"));
    named
        .into_iter()
        .filter_map(|arn| parent(asked, arn))
        .collect()
}

fn parent(asked: &Asked<'_>, arn: &str) -> Option<String> {
    let mut parts = arn.split('/').skip(1);
    let (cluster, service) = (parts.next()?, parts.next()?);
    Some(
        asked
            .place
            .arn("ecs", &format!("service/{cluster}/{service}")),
    )
}

/// The reference requires both resource types: what is described, and the service that it belongs to.
fn below(asked: &Asked<'_>, member: &str) -> Vec<String> {
    let mut arns: Vec<String> = asked.texts(member).into_iter().map(str::to_owned).collect();
    arns.extend(asked.text(member).map(str::to_owned));
    arns.extend(parents(asked));
    arns.sort();
    arns.dedup();
    arns
}

fn instances(asked: &Asked<'_>) -> Vec<String> {
    vec![asked.place.arn(
        "ecs",
        &format!("container-instance/{}/*", cluster_name(asked)),
    )]
}

fn tasks(asked: &Asked<'_>) -> Vec<String> {
    let prefix = format!("task/{}/", cluster_name(asked));
    let names = asked.texts("tasks");
    names
        .into_iter()
        .map(|name| asked.arn("ecs", &prefix, name))
        .collect()
}

/// The roles that a definition hands to its tasks and to the agent.
fn passed(asked: &Asked<'_>) -> Vec<String> {
    let roles = ["taskRoleArn", "executionRoleArn"].into_iter();
    roles
        .filter_map(|member| asked.text(member))
        .map(|role| super::iam::role_arn(asked, role))
        .collect()
}

fn service_role(asked: &Asked<'_>) -> Vec<String> {
    let role = asked.text("role").into_iter();
    role.map(|role| super::iam::role_arn(asked, role)).collect()
}

fn to_tasks(_: &Asked<'_>) -> Vec<String> {
    vec!["ecs-tasks.amazonaws.com".to_owned()]
}

fn to_ecs(_: &Asked<'_>) -> Vec<String> {
    vec!["ecs.amazonaws.com".to_owned()]
}

fn values(asked: &Asked<'_>, member: &str) -> Vec<String> {
    asked.text(member).map(str::to_owned).into_iter().collect()
}

fn execute_command(asked: &Asked<'_>) -> Vec<String> {
    let on = asked.input.get("enableExecuteCommand");
    let on = on.and_then(serde_json::Value::as_bool);
    on.map(|on| on.to_string()).into_iter().collect()
}

fn privileged(asked: &Asked<'_>) -> Vec<String> {
    let containers = asked.input.get("containerDefinitions");
    let containers = containers.and_then(serde_json::Value::as_array);
    let privileged = containers.into_iter().flatten().any(|container| {
        container
            .get("privileged")
            .and_then(serde_json::Value::as_bool)
            == Some(true)
    });
    vec![privileged.to_string()]
}
