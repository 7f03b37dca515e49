//! What stands in the handler's place and calls ECS wrongly on purpose.

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{ContainerDefinition, DeploymentConfiguration};
use local::Account;
use serde_json::json;

use crate::act::OUTPUT_ONLY;

/// What a wrong handler calls ECS with.
#[derive(Clone)]
pub(super) struct Actor {
    pub(super) ecs: Client,
    /// For what the typed client cannot say. The account holds the program that holds this: a test may leak it.
    account: Account,
}

impl Actor {
    pub(super) fn on(account: &Account) -> Self {
        Self {
            ecs: Client::new(&account.sdk_config()),
            account: account.clone(),
        }
    }

    async fn described(&self, service: &str) -> aws_sdk_ecs::types::Service {
        let found = self
            .ecs
            .describe_services()
            .cluster("default")
            .services(service);
        found.send().await.unwrap().services.unwrap().remove(0)
    }

    /// Registers what a service runs with other containers.
    async fn register(
        &self,
        service: &str,
        change: impl Fn(ContainerDefinition) -> ContainerDefinition,
    ) -> String {
        let runs = self.described(service).await.task_definition.unwrap();
        let found = self.ecs.describe_task_definition().task_definition(runs);
        let found = found.send().await.unwrap().task_definition.unwrap();
        let containers = found.container_definitions.unwrap().into_iter().map(change);
        let made = self
            .ecs
            .register_task_definition()
            .family(found.family.unwrap())
            .set_memory(found.memory)
            .set_container_definitions(Some(containers.collect()));
        let made = made.send().await.unwrap().task_definition.unwrap();
        made.task_definition_arn.unwrap()
    }

    /// Rolls a service to an image, by a copy as far as the typed client knows the members.
    pub(super) async fn roll_typed(&self, service: &str, image: &str) {
        let image = image.to_owned();
        let arn = self.register(service, |mut container| {
            container.image = Some(image.clone());
            container
        });
        let arn = arn.await;
        self.update(service, &arn, None).await;
    }

    /// Registers what a service runs with another image in every container, all else kept.
    pub(super) async fn register_raw(&self, service: &str, image: &str) -> String {
        let runs = self.described(service).await.task_definition.unwrap();
        let account = &self.account;
        let input = json!({"taskDefinition": runs, "include": ["TAGS"]});
        let found =
            account.with_ecs(|ecs, scope| ecs.call("DescribeTaskDefinition", &input, scope));
        let found = found.unwrap();
        let mut made = found["taskDefinition"].clone();
        for container in made["containerDefinitions"].as_array_mut().unwrap() {
            container["image"] = json!(image);
        }
        if found["tags"]
            .as_array()
            .is_some_and(|tags| !tags.is_empty())
        {
            made["tags"] = found["tags"].clone();
        }
        let members = made.as_object_mut().unwrap();
        members.retain(|name, _| !OUTPUT_ONLY.contains(&name.as_str()));
        let made = account.with_ecs(|ecs, scope| ecs.call("RegisterTaskDefinition", &made, scope));
        let arn = &made.unwrap()["taskDefinition"]["taskDefinitionArn"];
        arn.as_str().unwrap().to_owned()
    }

    /// Rolls a service to an image, all else kept.
    pub(super) async fn roll_raw(&self, service: &str, image: &str) {
        let arn = self.register_raw(service, image).await;
        self.update(service, &arn, None).await;
    }

    /// Deploys the same revision anew.
    pub(super) async fn force(&self, service: &str) {
        let update = self.ecs.update_service().cluster("default");
        let update = update.service(service).force_new_deployment(true);
        update.send().await.unwrap();
    }

    pub(super) async fn update(
        &self,
        service: &str,
        arn: &str,
        settings: Option<DeploymentConfiguration>,
    ) {
        let update = self
            .ecs
            .update_service()
            .cluster("default")
            .service(service);
        let update = update
            .task_definition(arn)
            .set_deployment_configuration(settings);
        update.send().await.unwrap();
    }
}
