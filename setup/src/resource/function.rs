//! The handler: code, settings, concurrency, and what becomes of failed events.

mod settings;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    AccountLimit, Architecture, DestinationConfig, Environment, FunctionCode, OnFailure, Runtime,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{Kind, Live, Note, owned};
use crate::clients::Clients;
use crate::code;
use crate::diff::{Change, Fields};
use crate::error::{Called, Result};
use crate::names::OWNER_TAG;
use crate::retry;

pub use settings::{CONFIG_VARIABLE, Events, Settings};

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Value of the owner tag.
    pub owner: String,
    /// How Lambda starts it.
    pub settings: Settings,
    /// What it runs. A live function's zip is not fetched; its digest is in the settings.
    pub zip: Vec<u8>,
    /// How many may run at once; `None` is as many as the account allows.
    pub concurrency: Option<i32>,
    /// How events are handled that come without anyone waiting.
    pub events: Events,
}

/// What it says about itself; not compared.
pub(crate) const DESCRIPTION: &str =
    "Rolls ECS services when an image is pushed. Managed by `ecroll setup`.";

/// With no more than this left to share, an account lets nothing be reserved.
const SMALLEST_POOL: i32 = 10;

impl Function {
    /// What the live function's configuration variable says.
    ///
    /// # Errors
    /// A refusal of `GetFunction`.
    pub async fn live_config(clients: &Clients, name: &str) -> Result<Option<String>> {
        let found = clients
            .lambda
            .get_function()
            .function_name(name)
            .send()
            .await;
        let found = found.found("lambda:GetFunction", name, &["ResourceNotFoundException"])?;
        let environment = found.and_then(|found| found.configuration?.environment);
        let variables = environment.and_then(|environment| environment.variables);
        Ok(variables.and_then(|mut variables| variables.remove(CONFIG_VARIABLE)))
    }

    fn architecture(&self) -> Architecture {
        Architecture::from(self.settings.architecture.as_str())
    }

    fn environment(&self) -> Environment {
        let variables = Some(self.settings.environment.clone());
        Environment::builder().set_variables(variables).build()
    }

    async fn put_code(&self, clients: &Clients) -> Result<()> {
        let call = retry::patiently(retry::function, || {
            let call = clients
                .lambda
                .update_function_code()
                .function_name(&self.name);
            let call = call.zip_file(Blob::new(self.zip.clone()));
            call.architectures(self.architecture()).send()
        });
        call.await.called("lambda:UpdateFunctionCode", &self.name)?;
        Ok(())
    }

    async fn put_settings(&self, clients: &Clients) -> Result<()> {
        let settings = &self.settings;
        let call = retry::patiently(retry::function, || {
            let call = clients
                .lambda
                .update_function_configuration()
                .function_name(&self.name);
            call.runtime(Runtime::from(settings.runtime.as_str()))
                .handler(&settings.handler)
                .role(&settings.role)
                .set_timeout(settings.timeout)
                .set_memory_size(settings.memory)
                .environment(self.environment())
                .send()
        });
        call.await
            .called("lambda:UpdateFunctionConfiguration", &self.name)?;
        Ok(())
    }

    /// One handler at a time spares calls; two at once are harmless. So an account that has nothing to reserve gets a
    /// note and not a failure.
    async fn put_concurrency(&self, clients: &Clients) -> Result<Note> {
        let Some(reserved) = self.concurrency else {
            return Ok(None);
        };
        let call = retry::patiently(retry::function, || {
            let call = clients
                .lambda
                .put_function_concurrency()
                .function_name(&self.name);
            call.reserved_concurrent_executions(reserved).send()
        });
        match call.await {
            Err(error)
                if error
                    .message()
                    .is_some_and(|m| m.contains("UnreservedConcurrent")) =>
            {
                Ok(Some(format!(
                    "the account's limit leaves no concurrency to reserve, so `{}` runs without; \
                     this is harmless",
                    self.name
                )))
            }
            other => {
                other.called("lambda:PutFunctionConcurrency", &self.name)?;
                Ok(None)
            }
        }
    }

    async fn put_events(&self, clients: &Clients) -> Result<()> {
        let failure = OnFailure::builder()
            .set_destination(self.events.failures.clone())
            .build();
        let destination = DestinationConfig::builder().on_failure(failure).build();
        let call = retry::patiently(retry::function, || {
            let call = clients
                .lambda
                .put_function_event_invoke_config()
                .function_name(&self.name);
            call.set_maximum_retry_attempts(self.events.retries)
                .set_maximum_event_age_in_seconds(self.events.age)
                .destination_config(destination.clone())
                .send()
        });
        call.await
            .called("lambda:PutFunctionEventInvokeConfig", &self.name)?;
        Ok(())
    }

    async fn read_events(&self, clients: &Clients) -> Result<Events> {
        let call = clients
            .lambda
            .get_function_event_invoke_config()
            .function_name(&self.name);
        let absent = ["ResourceNotFoundException"];
        let found = call.send().await;
        let found = found.found("lambda:GetFunctionEventInvokeConfig", &self.name, &absent)?;
        let Some(found) = found else {
            return Ok(Events::default());
        };
        let failure = found
            .destination_config()
            .and_then(DestinationConfig::on_failure);
        Ok(Events {
            retries: found.maximum_retry_attempts(),
            age: found.maximum_event_age_in_seconds(),
            failures: failure
                .and_then(OnFailure::destination)
                .map(ToOwned::to_owned),
        })
    }

    /// Whether the account has anything to reserve. Asked only where a live function has no reservation, so that
    /// setup does not try for ever what cannot be. Where this may not be asked, trying tells.
    async fn can_reserve(&self, clients: &Clients) -> bool {
        let Ok(settings) = clients.lambda.get_account_settings().send().await else {
            return true;
        };
        let limit = settings.account_limit();
        let left = limit.and_then(AccountLimit::unreserved_concurrent_executions);
        left.is_none_or(|left| left > SMALLEST_POOL)
    }
}

impl Kind for Function {
    const KIND: &'static str = "function";

    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> Fields {
        let settings = &self.settings;
        let mut fields = Fields::new()
            .with("code", &settings.code)
            .with("architecture", &settings.architecture)
            .with("runtime", &settings.runtime)
            .with("handler", &settings.handler)
            .with("role", &settings.role)
            .with_some("timeout", settings.timeout)
            .with_some("memory", settings.memory);
        let mut variables: Vec<_> = settings.environment.iter().collect();
        variables.sort();
        for (name, value) in variables {
            fields = fields.with(&format!("environment.{name}"), value);
        }
        fields
            .with_some("reserved concurrency", self.concurrency)
            .with_some("retries", self.events.retries)
            .with_some("event age in seconds", self.events.age)
            .with_some("failures to", self.events.failures.as_ref())
    }

    fn note(&self) -> Note {
        code::large(&self.zip)
    }

    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>> {
        let found = clients
            .lambda
            .get_function()
            .function_name(&self.name)
            .send()
            .await;
        let absent = ["ResourceNotFoundException"];
        let Some(found) = found.found("lambda:GetFunction", &self.name, &absent)? else {
            return Ok(None);
        };
        let tags = found.tags.iter().flatten();
        let tags = tags.map(|(key, value)| (Some(key.as_str()), Some(value.as_str())));
        if !owned(&self.owner, tags) {
            return Ok(Some(Live {
                state: self.clone(),
                owned: false,
            }));
        }
        let reserved = found
            .concurrency
            .and_then(|c| c.reserved_concurrent_executions);
        let settings = found.configuration.as_ref().map(Settings::of);
        let concurrency = match reserved {
            None if !self.can_reserve(clients).await => self.concurrency,
            reserved => reserved,
        };
        let state = Self {
            name: self.name.clone(),
            owner: self.owner.clone(),
            settings: settings.unwrap_or_else(|| self.settings.clone()),
            zip: Vec::new(),
            concurrency,
            events: self.read_events(clients).await?,
        };
        Ok(Some(Live { state, owned: true }))
    }

    async fn create(&self, clients: &Clients) -> Result<Note> {
        let settings = &self.settings;
        let code = FunctionCode::builder()
            .zip_file(Blob::new(self.zip.clone()))
            .build();
        let call = retry::patiently(retry::function, || {
            let call = clients.lambda.create_function().function_name(&self.name);
            call.description(DESCRIPTION)
                .code(code.clone())
                .architectures(self.architecture())
                .runtime(Runtime::from(settings.runtime.as_str()))
                .handler(&settings.handler)
                .role(&settings.role)
                .set_timeout(settings.timeout)
                .set_memory_size(settings.memory)
                .environment(self.environment())
                .tags(OWNER_TAG, &self.owner)
                .send()
        });
        call.await.called("lambda:CreateFunction", &self.name)?;
        let note = self.put_concurrency(clients).await?;
        self.put_events(clients).await?;
        Ok(note)
    }

    async fn change(&self, clients: &Clients, change: &Change) -> Result<Note> {
        if change.touches(&["code", "architecture"]) {
            self.put_code(clients).await?;
        }
        if change.touches(&[
            "runtime",
            "handler",
            "role",
            "timeout",
            "memory",
            "environment.",
        ]) {
            self.put_settings(clients).await?;
        }
        let mut note = None;
        if change.touches(&["reserved concurrency"]) {
            note = self.put_concurrency(clients).await?;
        }
        if change.touches(&["retries", "event age in seconds", "failures to"]) {
            self.put_events(clients).await?;
        }
        Ok(note)
    }

    async fn remove(&self, clients: &Clients) -> Result<Note> {
        let call = retry::patiently(retry::function, || {
            let call = clients.lambda.delete_function();
            call.function_name(&self.name).send()
        });
        let absent = ["ResourceNotFoundException"];
        call.await
            .found("lambda:DeleteFunction", &self.name, &absent)?;
        Ok(None)
    }
}
