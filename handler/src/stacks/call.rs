//! The three calls to CloudFormation, in its Query protocol.
//!
//! Three calls do not need a further crate of the SDK in the function. SNS speaks the same protocol and is linked anyway: its
//! client sends the request, retries and signs it, with another body, another host and
//! another name in the signature. What of its own it would read from the answer is nothing: `DeleteTopic` has no output.

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::config::endpoint::{DefaultResolver, EndpointFuture, Params, ResolveEndpoint};

use super::stack::{Event, Stack, read_events, read_stack};
use crate::ecs::{Keep, carry};
use crate::endpoint::{configured, renamed};
use crate::error::AwsError;

/// The version of the API, which every request names.
const VERSION: &str = "2010-05-15";

/// A way to CloudFormation.
#[derive(Debug, Clone)]
pub(super) struct CloudFormation(Client);

/// Where CloudFormation is: where SNS is, by another name; or where the configuration says.
#[derive(Debug)]
struct Elsewhere(DefaultResolver);

impl ResolveEndpoint for Elsewhere {
    fn resolve_endpoint<'a>(&'a self, params: &'a Params) -> EndpointFuture<'a> {
        let given = params.endpoint().is_some();
        let found = ResolveEndpoint::resolve_endpoint(&self.0, params);
        EndpointFuture::new(
            async move { Ok(renamed(&found.await?, given, "sns", "cloudformation")) },
        )
    }
}

/// A form's fields.
type Fields = Vec<(String, String)>;

/// What an update sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Update {
    pub(super) stack: Stack,
    pub(super) parameter: String,
    pub(super) value: String,
    pub(super) token: String,
}

impl Update {
    /// The request. What it does not name stays as it was: the template because that is asked for; tags, notification
    /// ARNs, role, stack policy and rollback triggers because CloudFormation keeps what a request leaves out. Capabilities
    /// count for one operation only, so those of the last one are given again.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html>
    pub(super) fn fields(&self) -> Fields {
        let mut fields: Fields = vec![
            ("StackName".to_owned(), self.stack.id.clone()),
            ("UsePreviousTemplate".to_owned(), "true".to_owned()),
            ("ClientRequestToken".to_owned(), self.token.clone()),
        ];
        for (at, name) in (1..).zip(self.stack.parameters.keys()) {
            let of = |part: &str| format!("Parameters.member.{at}.{part}");
            fields.push((of("ParameterKey"), name.clone()));
            fields.push(if *name == self.parameter {
                (of("ParameterValue"), self.value.clone())
            } else {
                (of("UsePreviousValue"), "true".to_owned())
            });
        }
        for (at, capability) in (1..).zip(&self.stack.capabilities) {
            fields.push((format!("Capabilities.member.{at}"), capability.clone()));
        }
        fields
    }
}

fn form(operation: &str, fields: &Fields) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", operation);
    form.append_pair("Version", VERSION);
    for (name, value) in fields {
        form.append_pair(name, value);
    }
    form.finish()
}

impl CloudFormation {
    /// The way there that an SDK configuration describes, its variable `AWS_ENDPOINT_URL_CLOUDFORMATION` included.
    pub(super) fn new(sdk: &SdkConfig) -> Self {
        let mut config = aws_sdk_sns::config::Builder::from(sdk);
        config.set_endpoint_url(configured(sdk, "CloudFormation"));
        let config = config.endpoint_resolver(Elsewhere(DefaultResolver::new()));
        Self(Client::from_conf(config.build()))
    }

    async fn call(&self, operation: &'static str, fields: &Fields) -> Result<String, AwsError> {
        let body = form(operation, fields);
        let keep = Keep::default();
        let request = self.0.delete_topic();
        let request = request
            // What the builder asks for; the body that is sent replaces it.
            .topic_arn("replaced")
            .customize()
            .interceptor(keep.clone())
            .mutate_request(move |request| carry(request, body.clone()));
        let answer = request.send().await;
        answer.map_err(|error| AwsError::new(operation, &error))?;
        String::from_utf8(keep.taken())
            .map_err(|_| AwsError::strange(operation, "the answer is no text", true))
    }

    /// A stack, by its name or ARN.
    pub(super) async fn describe(&self, stack: &str) -> Result<Stack, AwsError> {
        const CALL: &str = "DescribeStacks";
        let fields = vec![("StackName".to_owned(), stack.to_owned())];
        let answer = self.call(CALL, &fields).await?;
        read_stack(&answer).map_err(|error| AwsError::strange(CALL, error.to_string(), true))
    }

    /// A page of what happened to a stack, newest first.
    pub(super) async fn events(
        &self,
        stack: &Stack,
        token: Option<String>,
    ) -> Result<(Vec<Event>, Option<String>), AwsError> {
        const CALL: &str = "DescribeStackEvents";
        let mut fields = vec![("StackName".to_owned(), stack.id.clone())];
        fields.extend(token.map(|token| ("NextToken".to_owned(), token)));
        let answer = self.call(CALL, &fields).await?;
        read_events(&answer).map_err(|error| AwsError::strange(CALL, error.to_string(), true))
    }

    /// Begins an update.
    pub(super) async fn update(&self, update: &Update) -> Result<(), AwsError> {
        self.call("UpdateStack", &update.fields()).await.map(drop)
    }
}
